-- Where exposure schedules stand, as far as somebody searches for it, and how they moved.

ALTER TABLE exposure_schedules ADD COLUMN strategy text NOT NULL DEFAULT 'UNIFORM_INTERVALS';
ALTER TABLE exposure_schedules ADD COLUMN status text NOT NULL DEFAULT 'NOT_STARTED';
-- How many transitions it has made: every change names the number it was made from.
ALTER TABLE exposure_schedules ADD COLUMN sequence bigint NOT NULL DEFAULT 0;
ALTER TABLE exposure_schedules ADD COLUMN next_transition_at bigint;
CREATE INDEX exposure_schedules_due ON exposure_schedules (next_transition_at, id)
    WHERE next_transition_at IS NOT NULL;
-- What is there already is looked at once, as if it were due: that writes down how it really stands.
UPDATE exposure_schedules SET next_transition_at = 0;

-- Transitions outlive their schedules, as the history does.
CREATE TABLE rollout_transitions (
    project_id     uuid NOT NULL REFERENCES projects (id),
    -- The project's revision, and with it the history entry, that it belongs to.
    revision       bigint NOT NULL,
    schedule_id    uuid NOT NULL,
    sequence       bigint NOT NULL,
    flag_id        uuid NOT NULL,
    environment_id uuid NOT NULL,
    deed           text NOT NULL,
    cause          text NOT NULL,
    run            bigint NOT NULL,
    status         text NOT NULL,
    pause_reason   text,
    step_position  bigint,
    exposure_ratio double precision NOT NULL,
    due_at         bigint NOT NULL,
    at             bigint NOT NULL,
    PRIMARY KEY (project_id, revision, schedule_id, sequence)
);
CREATE INDEX rollout_transitions_by_schedule ON rollout_transitions (schedule_id, revision, sequence);
