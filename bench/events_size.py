"""What a row of each table of a stopped server's events database takes, with its indexes: `events_size.py DATA_DIR`."""

import pathlib
import sqlite3
import sys

TABLES = ["evidence_subjects", "taken_keys"]


def main():
    connection = sqlite3.connect(pathlib.Path(sys.argv[1]) / "events.db")
    for table in TABLES:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        # dbstat knows tables and indexes by their own names.
        size = "SELECT sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) WHERE tbl_name = ?"
        (size_bytes,) = connection.execute(size, [table]).fetchone()
        print(f"{table}: {rows} rows, {size_bytes / max(rows, 1):.0f} bytes each with their indexes")


main()
