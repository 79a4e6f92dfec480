CREATE TABLE allocations (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    key text NOT NULL,
    flag_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    CONSTRAINT allocation_key UNIQUE (project_id, key),
    CONSTRAINT allocation_place FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments(flag_id, environment_id) ON DELETE CASCADE,
    CONSTRAINT allocations_pkey PRIMARY KEY (id)
);
CREATE INDEX allocations_by_place ON public.allocations USING btree (flag_id, environment_id);

CREATE TABLE context_attributes (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    key text NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT context_attribute_key UNIQUE (project_id, key),
    CONSTRAINT context_attributes_pkey PRIMARY KEY (id),
    CONSTRAINT context_attributes_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);

CREATE TABLE credentials (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    kind text NOT NULL,
    user_id uuid,
    environment_id uuid,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    secret_end text NOT NULL,
    created_by uuid,
    expires_at bigint,
    last_used_at bigint,
    CONSTRAINT credential_environment FOREIGN KEY (project_id, environment_id) REFERENCES environments(project_id, id) ON DELETE CASCADE,
    CONSTRAINT credential_secret UNIQUE (secret_hash),
    CONSTRAINT credentials_pkey PRIMARY KEY (id),
    CONSTRAINT credentials_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
    CONSTRAINT credentials_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX credentials_by_environment ON public.credentials USING btree (project_id, environment_id);
CREATE INDEX credentials_by_project ON public.credentials USING btree (project_id, created_at, id);
CREATE INDEX credentials_by_user ON public.credentials USING btree (user_id);

CREATE TABLE environment_queries (
    project_id uuid NOT NULL,
    query text NOT NULL,
    environment_id uuid NOT NULL,
    CONSTRAINT environment_queries_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES environments(id) ON DELETE CASCADE,
    CONSTRAINT environment_query PRIMARY KEY (project_id, query)
);
CREATE INDEX environment_queries_by_environment ON public.environment_queries USING btree (environment_id);

CREATE TABLE environments (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    content_revision bigint NOT NULL,
    content_at bigint NOT NULL,
    CONSTRAINT environment_key UNIQUE (project_id, key),
    CONSTRAINT environment_name UNIQUE (project_id, name),
    CONSTRAINT environment_of_project UNIQUE (project_id, id),
    CONSTRAINT environments_pkey PRIMARY KEY (id),
    CONSTRAINT environments_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);

CREATE TABLE exposure_schedules (
    id uuid NOT NULL,
    allocation_id uuid NOT NULL,
    strategy text NOT NULL,
    status text NOT NULL,
    sequence bigint NOT NULL,
    next_transition_at bigint,
    CONSTRAINT exposure_schedules_allocation_id_fkey FOREIGN KEY (allocation_id) REFERENCES allocations(id) ON DELETE CASCADE,
    CONSTRAINT exposure_schedules_pkey PRIMARY KEY (id)
);
CREATE INDEX exposure_schedules_by_allocation ON public.exposure_schedules USING btree (allocation_id);
CREATE INDEX exposure_schedules_due ON public.exposure_schedules USING btree (next_transition_at, id) WHERE (next_transition_at IS NOT NULL);

CREATE TABLE flag_environments (
    flag_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    project_id uuid NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT flag_environment_environment FOREIGN KEY (project_id, environment_id) REFERENCES environments(project_id, id) ON DELETE CASCADE,
    CONSTRAINT flag_environment_flag FOREIGN KEY (project_id, flag_id) REFERENCES flags(project_id, id) ON DELETE CASCADE,
    CONSTRAINT flag_environments_pkey PRIMARY KEY (flag_id, environment_id)
);
CREATE INDEX flag_environments_by_environment ON public.flag_environments USING btree (project_id, environment_id);
CREATE INDEX flag_environments_by_revision ON public.flag_environments USING btree (project_id, revision);

CREATE TABLE flag_tags (
    flag_id uuid NOT NULL,
    tag text NOT NULL,
    project_id uuid NOT NULL,
    CONSTRAINT flag_tags_flag_id_fkey FOREIGN KEY (flag_id) REFERENCES listed_flags(flag_id) ON DELETE CASCADE,
    CONSTRAINT flag_tags_pkey PRIMARY KEY (flag_id, tag)
);
CREATE INDEX flag_tags_by_tag ON public.flag_tags USING btree (project_id, tag);

CREATE TABLE flag_variants (
    id uuid NOT NULL,
    flag_id uuid NOT NULL,
    CONSTRAINT flag_variants_flag_id_fkey FOREIGN KEY (flag_id) REFERENCES flags(id) ON DELETE CASCADE,
    CONSTRAINT flag_variants_pkey PRIMARY KEY (id)
);
CREATE INDEX flag_variants_by_flag ON public.flag_variants USING btree (flag_id);

CREATE TABLE flags (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    key text NOT NULL,
    key_folded text NOT NULL,
    name text NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    archived_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT flag_key UNIQUE (project_id, key),
    CONSTRAINT flag_name UNIQUE (project_id, name),
    CONSTRAINT flag_of_project UNIQUE (project_id, id),
    CONSTRAINT flags_pkey PRIMARY KEY (id),
    CONSTRAINT flags_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);
CREATE INDEX flags_by_age ON public.flags USING btree (project_id, created_at, id);
CREATE INDEX flags_by_revision ON public.flags USING btree (project_id, revision);

CREATE TABLE guarded_runs (
    schedule_id uuid NOT NULL,
    run bigint NOT NULL,
    project_id uuid NOT NULL,
    flag_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    allocation_id uuid NOT NULL,
    allocation_key text NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint,
    format bigint NOT NULL,
    document json NOT NULL,
    CONSTRAINT guarded_run_environment FOREIGN KEY (project_id, environment_id) REFERENCES environments(project_id, id) ON DELETE CASCADE,
    CONSTRAINT guarded_runs_pkey PRIMARY KEY (schedule_id, run)
);
CREATE INDEX guarded_runs_by_end ON public.guarded_runs USING btree (ended_at);
CREATE INDEX guarded_runs_by_environment ON public.guarded_runs USING btree (project_id, environment_id);

CREATE TABLE history (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    revision bigint NOT NULL,
    action text NOT NULL,
    flag_id uuid,
    environment_id uuid,
    at bigint NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    user_id uuid,
    aggregate text NOT NULL,
    CONSTRAINT history_pkey PRIMARY KEY (id),
    CONSTRAINT history_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
    CONSTRAINT history_revision UNIQUE (project_id, revision)
);
CREATE INDEX history_by_environment ON public.history USING btree (project_id, environment_id, revision);
CREATE INDEX history_by_flag ON public.history USING btree (project_id, flag_id, revision);
CREATE INDEX history_by_time ON public.history USING btree (project_id, at, revision);

CREATE TABLE installation_secrets (
    name text NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT installation_secrets_pkey PRIMARY KEY (name)
);

CREATE TABLE listed_entries (
    flag_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    enabled boolean,
    served_variant_id uuid,
    updated_at bigint NOT NULL,
    CONSTRAINT listed_entries_pkey PRIMARY KEY (flag_id, environment_id),
    CONSTRAINT listed_entry_place FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments(flag_id, environment_id) ON DELETE CASCADE
);
CREATE INDEX listed_entries_to_read ON public.listed_entries USING btree (flag_id, environment_id) WHERE (enabled IS NULL);

CREATE TABLE listed_flags (
    flag_id uuid NOT NULL,
    project_id uuid NOT NULL,
    key text NOT NULL,
    searched text,
    value_type text NOT NULL,
    channel text NOT NULL,
    is_permanent boolean NOT NULL,
    is_archived boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT listed_flags_flag_id_fkey FOREIGN KEY (flag_id) REFERENCES flags(id) ON DELETE CASCADE,
    CONSTRAINT listed_flags_pkey PRIMARY KEY (flag_id)
);
CREATE INDEX listed_flags_by_age ON public.listed_flags USING btree (project_id, is_archived, created_at, flag_id);
CREATE INDEX listed_flags_by_key ON public.listed_flags USING btree (project_id, is_archived, key);
CREATE INDEX listed_flags_by_update ON public.listed_flags USING btree (project_id, is_archived, updated_at, flag_id);
CREATE INDEX listed_flags_to_read ON public.listed_flags USING btree (flag_id) WHERE (searched IS NULL);

CREATE TABLE memberships (
    project_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at bigint NOT NULL,
    CONSTRAINT memberships_pkey PRIMARY KEY (project_id, user_id),
    CONSTRAINT memberships_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
    CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX memberships_by_user ON public.memberships USING btree (user_id);

CREATE TABLE metrics (
    project_id uuid NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT metric_id PRIMARY KEY (project_id, id),
    CONSTRAINT metrics_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);

CREATE TABLE projects (
    id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    revision bigint NOT NULL,
    created_at bigint NOT NULL,
    description text,
    updated_at bigint NOT NULL,
    CONSTRAINT project_key UNIQUE (key),
    CONSTRAINT projects_pkey PRIMARY KEY (id)
);

CREATE TABLE restriction_policies (
    flag_id uuid NOT NULL,
    project_id uuid NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT restriction_policies_pkey PRIMARY KEY (flag_id),
    CONSTRAINT restriction_policy_flag FOREIGN KEY (project_id, flag_id) REFERENCES flags(project_id, id) ON DELETE CASCADE
);
CREATE INDEX restriction_policies_by_project ON public.restriction_policies USING btree (project_id, flag_id);

CREATE TABLE roles (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    name text NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT role_name UNIQUE (project_id, name),
    CONSTRAINT roles_pkey PRIMARY KEY (id),
    CONSTRAINT roles_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);

CREATE TABLE rollout_transitions (
    project_id uuid NOT NULL,
    revision bigint NOT NULL,
    schedule_id uuid NOT NULL,
    sequence bigint NOT NULL,
    flag_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    deed text NOT NULL,
    cause text NOT NULL,
    run bigint NOT NULL,
    status text NOT NULL,
    pause_reason text,
    step_position bigint,
    exposure_ratio double precision NOT NULL,
    due_at bigint NOT NULL,
    at bigint NOT NULL,
    CONSTRAINT rollout_transitions_pkey PRIMARY KEY (project_id, revision, schedule_id, sequence),
    CONSTRAINT rollout_transitions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);
CREATE INDEX rollout_transitions_by_schedule ON public.rollout_transitions USING btree (schedule_id, revision, sequence);

CREATE TABLE saved_filter_uses (
    saved_filter_id uuid NOT NULL,
    flag_id uuid NOT NULL,
    environment_id uuid NOT NULL,
    CONSTRAINT saved_filter_use_place FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments(flag_id, environment_id) ON DELETE CASCADE,
    CONSTRAINT saved_filter_uses_pkey PRIMARY KEY (saved_filter_id, flag_id, environment_id)
);
CREATE INDEX saved_filter_uses_by_place ON public.saved_filter_uses USING btree (flag_id, environment_id);

CREATE TABLE saved_filters (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    name text NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    key text,
    CONSTRAINT saved_filter_name UNIQUE (project_id, name),
    CONSTRAINT saved_filters_pkey PRIMARY KEY (id),
    CONSTRAINT saved_filters_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);
CREATE UNIQUE INDEX saved_filter_key ON public.saved_filters USING btree (project_id, key);

CREATE TABLE sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT session_secret UNIQUE (secret_hash),
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX sessions_by_end ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_by_user ON public.sessions USING btree (user_id);

CREATE TABLE suggestions (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    flag_id uuid NOT NULL,
    environment_id uuid,
    open_scope text,
    created_at bigint NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT suggestion_environment FOREIGN KEY (project_id, environment_id) REFERENCES environments(project_id, id) ON DELETE CASCADE,
    CONSTRAINT suggestion_flag FOREIGN KEY (project_id, flag_id) REFERENCES flags(project_id, id) ON DELETE CASCADE,
    CONSTRAINT suggestion_open UNIQUE (open_scope),
    CONSTRAINT suggestions_pkey PRIMARY KEY (id)
);
CREATE INDEX suggestions_by_environment ON public.suggestions USING btree (project_id, environment_id);
CREATE INDEX suggestions_by_flag ON public.suggestions USING btree (flag_id, created_at, id);
CREATE INDEX suggestions_by_revision ON public.suggestions USING btree (project_id, revision);

CREATE TABLE teams (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    handle text NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT team_handle UNIQUE (project_id, handle),
    CONSTRAINT teams_pkey PRIMARY KEY (id),
    CONSTRAINT teams_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);

CREATE TABLE users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text,
    created_at bigint NOT NULL,
    kind text NOT NULL,
    is_installation_admin boolean NOT NULL,
    disabled_at bigint,
    CONSTRAINT user_email UNIQUE (email),
    CONSTRAINT users_pkey PRIMARY KEY (id)
);

CREATE TABLE webhook_deliveries (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event text NOT NULL,
    history_id uuid NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    next_attempt_at bigint NOT NULL,
    last_status bigint,
    last_error text,
    created_at bigint NOT NULL,
    finished_at bigint,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_deliveries_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
    CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_by_due ON public.webhook_deliveries USING btree (state, next_attempt_at, id);
CREATE INDEX webhook_deliveries_by_end ON public.webhook_deliveries USING btree (finished_at);
CREATE INDEX webhook_deliveries_by_webhook ON public.webhook_deliveries USING btree (webhook_id, created_at, id);

CREATE TABLE webhooks (
    id uuid NOT NULL,
    project_id uuid NOT NULL,
    format bigint NOT NULL,
    document json NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision bigint NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (id),
    CONSTRAINT webhooks_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id)
);
CREATE INDEX webhooks_by_project ON public.webhooks USING btree (project_id, created_at, id);

