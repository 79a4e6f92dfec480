-- Runs of rollouts that guardrails watch, as they are when they were last saved: what was in force when, and what fired.
-- They outlive the rollout, as the history does.
CREATE TABLE guarded_runs (
    schedule_id    BLOB NOT NULL,
    run            INTEGER NOT NULL,
    project_id     BLOB NOT NULL,
    flag_id        BLOB NOT NULL,
    environment_id BLOB NOT NULL,
    allocation_id  BLOB NOT NULL,
    allocation_key TEXT NOT NULL,
    started_at     INTEGER NOT NULL,
    -- None while it is on.
    ended_at       INTEGER,
    format         INTEGER NOT NULL,
    document       TEXT NOT NULL,
    PRIMARY KEY (schedule_id, run),
    CONSTRAINT guarded_run_environment
        FOREIGN KEY (project_id, environment_id) REFERENCES environments (project_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX guarded_runs_by_end ON guarded_runs (ended_at);
CREATE INDEX guarded_runs_by_environment ON guarded_runs (project_id, environment_id);

-- Secrets that the installation made for itself.
CREATE TABLE installation_secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
