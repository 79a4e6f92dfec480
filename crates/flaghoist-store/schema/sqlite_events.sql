CREATE TABLE evaluation_counts (
    environment_id BLOB NOT NULL,
    flag_id        BLOB NOT NULL,
    -- Since 1970.
    start_minute   INTEGER NOT NULL,
    -- 1 or 60.
    length_minutes INTEGER NOT NULL,
    -- Keys; empty for none.
    allocation     TEXT NOT NULL,
    variant        TEXT NOT NULL,
    evaluations    INTEGER NOT NULL,
    exposures      INTEGER NOT NULL,
    -- Evaluations that served the default of the code, and those that failed.
    defaults       INTEGER NOT NULL,
    errors         INTEGER NOT NULL,
    PRIMARY KEY (environment_id, flag_id, start_minute, length_minutes, allocation, variant)
) STRICT, WITHOUT ROWID;

CREATE INDEX evaluation_counts_by_age ON evaluation_counts (length_minutes, start_minute);

CREATE TABLE evaluation_totals (
    environment_id BLOB NOT NULL,
    flag_id        BLOB NOT NULL,
    allocation     TEXT NOT NULL,
    variant        TEXT NOT NULL,
    evaluations    INTEGER NOT NULL,
    exposures      INTEGER NOT NULL,
    defaults       INTEGER NOT NULL,
    errors         INTEGER NOT NULL,
    -- Microseconds since 1970.
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    PRIMARY KEY (environment_id, flag_id, allocation, variant)
) STRICT, WITHOUT ROWID;

