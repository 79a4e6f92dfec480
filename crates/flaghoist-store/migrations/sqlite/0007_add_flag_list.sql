-- What the list of flags filters and orders by. Documents are wide; these rows are narrow, and written with them. What is
-- NULL is of before this step, and is read from the documents when the store is opened.

CREATE TABLE listed_flags (
    flag_id      BLOB    NOT NULL PRIMARY KEY REFERENCES flags (id) ON DELETE CASCADE,
    project_id   BLOB    NOT NULL,
    key          TEXT    NOT NULL,
    -- Key, name and description in lower case.
    searched     TEXT,
    value_type   TEXT    NOT NULL DEFAULT '',
    channel      TEXT    NOT NULL DEFAULT '',
    is_permanent INTEGER NOT NULL DEFAULT 0,
    is_archived  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX listed_flags_by_key ON listed_flags (project_id, is_archived, key);
CREATE INDEX listed_flags_by_update ON listed_flags (project_id, is_archived, updated_at, flag_id);
CREATE INDEX listed_flags_by_age ON listed_flags (project_id, is_archived, created_at, flag_id);
CREATE INDEX listed_flags_to_read ON listed_flags (flag_id) WHERE searched IS NULL;
INSERT INTO listed_flags (flag_id, project_id, key, is_archived, created_at, updated_at)
    SELECT id, project_id, key, archived_at IS NOT NULL, created_at, updated_at FROM flags;

CREATE TABLE flag_tags (
    flag_id    BLOB NOT NULL REFERENCES listed_flags (flag_id) ON DELETE CASCADE,
    tag        TEXT NOT NULL,
    project_id BLOB NOT NULL,
    PRIMARY KEY (flag_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX flag_tags_by_tag ON flag_tags (project_id, tag);

CREATE TABLE listed_entries (
    flag_id           BLOB    NOT NULL,
    environment_id    BLOB    NOT NULL,
    enabled           INTEGER,
    -- The variant that everybody gets, if there is one.
    served_variant_id BLOB,
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (flag_id, environment_id),
    CONSTRAINT listed_entry_place
        FOREIGN KEY (flag_id, environment_id) REFERENCES flag_environments (flag_id, environment_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX listed_entries_to_read ON listed_entries (flag_id, environment_id) WHERE enabled IS NULL;
INSERT INTO listed_entries (flag_id, environment_id, updated_at)
    SELECT flag_id, environment_id, updated_at FROM flag_environments;
