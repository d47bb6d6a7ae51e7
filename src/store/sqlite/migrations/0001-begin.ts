/**
 * Frozen once released. `seq` is a rowid: submissions and hot rows are appended, never inserted in between.
 * One row of `events` holds the transitions that one commit recorded of one execution; `position` is that of its last,
 * `size` how many there are.
 */
export const begin = `
CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('pending', 'starting', 'running', 'stopping', 'succeeded', 'failed', 'cancelled', 'lost')),
  version INTEGER NOT NULL,
  node TEXT,
  accepted_at INTEGER NOT NULL,
  finished_at INTEGER,
  remove_at INTEGER,
  status TEXT NOT NULL,
  CHECK ((finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled', 'lost')))
) STRICT;
CREATE INDEX executions_tenant ON executions (tenant, id);
CREATE INDEX executions_active ON executions (tenant, id) WHERE finished_at IS NULL;
CREATE INDEX executions_final ON executions (tenant, state, id) WHERE finished_at IS NOT NULL;
CREATE INDEX executions_node ON executions (tenant, node, id) WHERE node IS NOT NULL;
CREATE INDEX executions_remove_at ON executions (remove_at) WHERE remove_at IS NOT NULL;

CREATE TABLE submissions (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;

CREATE TABLE refs (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  execution TEXT NOT NULL,
  PRIMARY KEY (tenant, name, value, execution)
) STRICT, WITHOUT ROWID;

CREATE TABLE execution_counts (
  tenant TEXT NOT NULL,
  state TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (tenant, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  execution TEXT NOT NULL,
  at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  transitions TEXT NOT NULL
) STRICT;
CREATE INDEX events_tenant ON events (tenant, position);
CREATE INDEX events_execution ON events (execution, position);

CREATE TABLE documents (
  seq INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  collection TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  sort TEXT NOT NULL,
  indexes TEXT,
  body TEXT NOT NULL,
  UNIQUE (tenant, collection, key)
) STRICT;
CREATE INDEX documents_sort ON documents (tenant, collection, sort, key);
CREATE INDEX documents_collection ON documents (collection, sort, key, tenant);

CREATE TABLE document_indexes (
  tenant TEXT NOT NULL,
  collection TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  sort TEXT NOT NULL,
  key TEXT NOT NULL,
  document INTEGER NOT NULL,
  PRIMARY KEY (tenant, collection, name, value, sort, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_indexes_collection ON document_indexes (collection, name, value, sort, key, tenant, document);

CREATE TABLE counters (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
`
