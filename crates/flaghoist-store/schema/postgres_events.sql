CREATE TABLE evaluation_counts (
    environment_id uuid NOT NULL,
    flag_id uuid NOT NULL,
    start_minute bigint NOT NULL,
    length_minutes bigint NOT NULL,
    allocation text NOT NULL,
    variant text NOT NULL,
    evaluations bigint NOT NULL,
    exposures bigint NOT NULL,
    defaults bigint NOT NULL,
    errors bigint NOT NULL,
    CONSTRAINT evaluation_counts_pkey PRIMARY KEY (environment_id, flag_id, start_minute, length_minutes, allocation, variant)
);
CREATE INDEX evaluation_counts_by_age ON public.evaluation_counts USING btree (length_minutes, start_minute);

CREATE TABLE evaluation_totals (
    environment_id uuid NOT NULL,
    flag_id uuid NOT NULL,
    allocation text NOT NULL,
    variant text NOT NULL,
    evaluations bigint NOT NULL,
    exposures bigint NOT NULL,
    defaults bigint NOT NULL,
    errors bigint NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    CONSTRAINT evaluation_totals_pkey PRIMARY KEY (environment_id, flag_id, allocation, variant)
);

