-- What the list of flags filters and orders by. Documents are wide; these rows are narrow, and written with them. What is
-- NULL is of before this step, and is read from the documents when the store is opened.

CREATE TABLE listed_flags (
    flag_id      uuid    NOT NULL PRIMARY KEY REFERENCES flags (id) ON DELETE CASCADE,
    project_id   uuid    NOT NULL,
    key          text    COLLATE "C" NOT NULL,
    -- Key, name and description in lower case.
    searched     text,
    value_type   text    NOT NULL DEFAULT '',
    channel      text    NOT NULL DEFAULT '',
    is_permanent boolean NOT NULL DEFAULT false,
    is_archived  boolean NOT NULL,
    created_at   bigint  NOT NULL,
    updated_at   bigint  NOT NULL
);
CREATE INDEX listed_flags_by_key ON listed_flags (project_id, is_archived, key);
CREATE INDEX listed_flags_by_update ON listed_flags (project_id, is_archived, updated_at, flag_id);
CREATE INDEX listed_flags_by_age ON listed_flags (project_id, is_archived, created_at, flag_id);
CREATE INDEX listed_flags_to_read ON listed_flags (flag_id) WHERE searched IS NULL;
INSERT INTO listed_flags (flag_id, project_id, key, is_archived, created_at, updated_at)
    SELECT id, project_id, key, archived_at IS NOT NULL, created_at, updated_at FROM flags;

CREATE TABLE flag_tags (
    flag_id    uuid NOT NULL REFERENCES listed_flags (flag_id) ON DELETE CASCADE,
    tag        text COLLATE "C" NOT NULL,
    project_id uuid NOT NULL,
    PRIMARY KEY (flag_id, tag)
);
CREATE INDEX flag_tags_by_tag ON flag_tags (project_id, tag);

CREATE TABLE listed_entries (
    flag_id           uuid   NOT NULL,
    environment_id    uuid   NOT NULL,
    enabled           boolean,
    -- The variant that everybody gets, if there is one.
    served_variant_id uuid,
    updated_at        bigint NOT NULL,
    PRIMARY KEY (flag_id, environment_id),
    CONSTRAINT listed_entry_place
        FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments (flag_id, environment_id) ON DELETE CASCADE
);
CREATE INDEX listed_entries_to_read ON listed_entries (flag_id, environment_id) WHERE enabled IS NULL;
INSERT INTO listed_entries (flag_id, environment_id, updated_at)
    SELECT flag_id, environment_id, updated_at FROM flag_environments;
