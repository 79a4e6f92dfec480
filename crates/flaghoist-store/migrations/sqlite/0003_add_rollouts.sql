-- Where exposure schedules stand, as far as somebody searches for it, and how they moved.

ALTER TABLE exposure_schedules ADD COLUMN strategy TEXT NOT NULL DEFAULT 'UNIFORM_INTERVALS';
ALTER TABLE exposure_schedules ADD COLUMN status TEXT NOT NULL DEFAULT 'NOT_STARTED';
-- How many transitions it has made: every change names the number it was made from.
ALTER TABLE exposure_schedules ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE exposure_schedules ADD COLUMN next_transition_at INTEGER;
CREATE INDEX exposure_schedules_due ON exposure_schedules (next_transition_at, id)
    WHERE next_transition_at IS NOT NULL;
-- What is there already is looked at once, as if it were due: that writes down how it really stands.
UPDATE exposure_schedules SET next_transition_at = 0;

-- Transitions outlive their schedules, as the history does.
CREATE TABLE rollout_transitions (
    project_id     BLOB NOT NULL REFERENCES projects (id),
    -- The project's revision, and with it the history entry, that it belongs to.
    revision       INTEGER NOT NULL,
    schedule_id    BLOB NOT NULL,
    sequence       INTEGER NOT NULL,
    flag_id        BLOB NOT NULL,
    environment_id BLOB NOT NULL,
    deed           TEXT NOT NULL,
    cause          TEXT NOT NULL,
    run            INTEGER NOT NULL,
    status         TEXT NOT NULL,
    pause_reason   TEXT,
    step_position  INTEGER,
    exposure_ratio REAL NOT NULL,
    due_at         INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (project_id, revision, schedule_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX rollout_transitions_by_schedule ON rollout_transitions (schedule_id, revision, sequence);
