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

CREATE TABLE evidence_cells (
    schedule_id uuid NOT NULL,
    run bigint NOT NULL,
    metric bigint NOT NULL,
    step bigint NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT evidence_cells_pkey PRIMARY KEY (schedule_id, run, metric, step)
);

CREATE TABLE evidence_points (
    schedule_id uuid NOT NULL,
    run bigint NOT NULL,
    metric_id text NOT NULL,
    variant_id uuid NOT NULL,
    at bigint NOT NULL,
    document text NOT NULL,
    CONSTRAINT evidence_points_pkey PRIMARY KEY (schedule_id, run, metric_id, variant_id, at)
);

CREATE TABLE evidence_runs (
    schedule_id uuid NOT NULL,
    run bigint NOT NULL,
    version bigint NOT NULL,
    written_at bigint NOT NULL,
    CONSTRAINT evidence_runs_pkey PRIMARY KEY (schedule_id, run)
);
CREATE INDEX evidence_runs_by_age ON public.evidence_runs USING btree (written_at);

CREATE TABLE evidence_subjects (
    schedule_id uuid NOT NULL,
    subject bigint NOT NULL,
    state bytea NOT NULL,
    due_at bigint,
    CONSTRAINT evidence_subjects_pkey PRIMARY KEY (schedule_id, subject)
);
CREATE INDEX evidence_subjects_due ON public.evidence_subjects USING btree (schedule_id, due_at) WHERE (due_at IS NOT NULL);

CREATE TABLE taken_keys (
    environment_id uuid NOT NULL,
    key bytea NOT NULL,
    taken_at bigint NOT NULL,
    CONSTRAINT taken_keys_pkey PRIMARY KEY (environment_id, key)
);
CREATE INDEX taken_keys_by_age ON public.taken_keys USING btree (taken_at);

