-- What readers evaluated, counted. Nothing here refers to rows of the other tables; what is gone there ages here.

-- Counts of a minute, or of an hour once they are old.
CREATE TABLE evaluation_counts (
    environment_id uuid NOT NULL,
    flag_id        uuid NOT NULL,
    -- Since 1970.
    start_minute   bigint NOT NULL,
    -- 1 or 60.
    length_minutes bigint NOT NULL,
    -- Keys; empty for none.
    allocation     text NOT NULL,
    variant        text NOT NULL,
    evaluations    bigint NOT NULL,
    exposures      bigint NOT NULL,
    -- Evaluations that served the default of the code, and those that failed.
    defaults       bigint NOT NULL,
    errors         bigint NOT NULL,
    PRIMARY KEY (environment_id, flag_id, start_minute, length_minutes, allocation, variant)
);
CREATE INDEX evaluation_counts_by_age ON evaluation_counts (length_minutes, start_minute);

-- The same since the beginning, with the first and the last moment.
CREATE TABLE evaluation_totals (
    environment_id uuid NOT NULL,
    flag_id        uuid NOT NULL,
    allocation     text NOT NULL,
    variant        text NOT NULL,
    evaluations    bigint NOT NULL,
    exposures      bigint NOT NULL,
    defaults       bigint NOT NULL,
    errors         bigint NOT NULL,
    -- Microseconds since 1970.
    first_at       bigint NOT NULL,
    last_at        bigint NOT NULL,
    PRIMARY KEY (environment_id, flag_id, allocation, variant)
);
