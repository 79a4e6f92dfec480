-- What the Flagmint interface needs: keys of saved filters and where they are used, words about projects, and what is
-- known of context attributes.

ALTER TABLE projects ADD COLUMN description text;
ALTER TABLE projects ADD COLUMN updated_at bigint NOT NULL DEFAULT 0;
UPDATE projects SET updated_at = created_at;

-- No interface of earlier versions made saved filters; whatever is there gets its id for a key.
ALTER TABLE saved_filters ADD COLUMN key text;
UPDATE saved_filters SET key = replace(id::text, '-', '');
CREATE UNIQUE INDEX saved_filter_key ON saved_filters (project_id, key);

-- Index rows of the saved filters that allocations in flag_environments documents name.
CREATE TABLE saved_filter_uses (
    saved_filter_id uuid NOT NULL,
    flag_id         uuid NOT NULL,
    environment_id  uuid NOT NULL,
    PRIMARY KEY (saved_filter_id, flag_id, environment_id),
    CONSTRAINT saved_filter_use_place
        FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments (flag_id, environment_id) ON DELETE CASCADE
);
CREATE INDEX saved_filter_uses_by_place ON saved_filter_uses (flag_id, environment_id);

CREATE TABLE context_attributes (
    id         uuid   NOT NULL PRIMARY KEY,
    project_id uuid   NOT NULL REFERENCES projects (id),
    key        text   NOT NULL,
    format     bigint NOT NULL,
    document   json   NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision   bigint NOT NULL,
    CONSTRAINT context_attribute_key UNIQUE (project_id, key)
);
