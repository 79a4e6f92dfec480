-- Runs of rollouts that guardrails watch, as they are when they were last saved: what was in force when, and what fired.
-- They outlive the rollout, as the history does.
CREATE TABLE guarded_runs (
    schedule_id    uuid NOT NULL,
    run            bigint NOT NULL,
    project_id     uuid NOT NULL,
    flag_id        uuid NOT NULL,
    environment_id uuid NOT NULL,
    allocation_id  uuid NOT NULL,
    allocation_key text NOT NULL,
    started_at     bigint NOT NULL,
    -- None while it is on.
    ended_at       bigint,
    format         bigint NOT NULL,
    document       json NOT NULL,
    PRIMARY KEY (schedule_id, run),
    CONSTRAINT guarded_run_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
);
CREATE INDEX guarded_runs_by_end ON guarded_runs (ended_at);
CREATE INDEX guarded_runs_by_environment ON guarded_runs (project_id, environment_id);

-- Secrets that the installation made for itself.
CREATE TABLE installation_secrets (
    name  text NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);
