import { invalid } from '../../core/engine-error.ts'
import type { UnplacedEvent } from '../../core/event.ts'
import type { Execution } from '../../core/execution.ts'
import type { Change, DocumentPut } from '../../core/ports/store.ts'
import { checkFinish, checkFirst } from '../store-error.ts'
import { type Atom, COUNT, DELETE, DROP, EVENTS, INSERT, LABELS, PUT, UPDATE } from './batch-protocol.ts'
import { refsOf, refsOfLabels } from './execution-refs.ts'

/** Appends one commit to a batch. Throws, with the batch as it was, for what no store could take. */
export function encodeCommit(changes: readonly Change[], into: Atom[]): void {
  const start = into.length
  into.push(0)
  try {
    for (const change of changes) encode(change, into)
    encodeEvents(changes, into)
    into[start] = into.length - start
  } catch (error) {
    into.length = start
    throw error
  }
}

function encode(change: Change, into: Atom[]): void {
  switch (change.kind) {
    case 'execution.insert':
      encodeInsert(change.execution, change.removeAt, into)
      break
    case 'execution.update':
      encodeUpdate(change.execution, change.removeAt, into)
      break
    case 'execution.labels':
      encodeLabels(change.execution, change.expected, into)
      break
    case 'execution.delete':
      into.push(DELETE, change.id, change.tenant)
      break
    case 'document.put':
      encodePut(change, into)
      break
    case 'document.delete':
      into.push(DROP, change.tenant, change.collection, change.key, change.expected ?? -1)
      break
    case 'counter.add':
      into.push(COUNT, change.tenant, change.name, change.by)
      break
    case 'event':
      break
  }
}

function encodeInsert(execution: Execution, removeAt: number | undefined, into: Atom[]): void {
  checkFirst(execution)
  const { id, tenant, status, submission, version } = execution
  const refs = refsOf(submission)
  into.push(INSERT, id, tenant, status.state, version, status.allocation?.node ?? null, submission.acceptedAt)
  into.push(status.finishedAt ?? null, removeAt ?? null, JSON.stringify(status), JSON.stringify(submission))
  into.push(refs.length)
  for (const [name, value] of refs) into.push(name, value)
}

function encodeUpdate(execution: Execution, removeAt: number | undefined, into: Atom[]): void {
  checkFinish(execution)
  const { id, tenant, status, version } = execution
  into.push(UPDATE, id, tenant, status.state, version, status.allocation?.node ?? null)
  into.push(status.finishedAt ?? null, removeAt ?? null, JSON.stringify(status))
}

function encodeLabels({ id, tenant, version, submission }: Execution, expected: number, into: Atom[]): void {
  const refs = refsOfLabels(submission.labels)
  into.push(LABELS, id, tenant, expected, version, JSON.stringify(submission.labels), refs.length)
  for (const [name, value] of refs) into.push(name, value)
}

function encodePut(put: DocumentPut, into: Atom[]): void {
  const assign = put.assign ?? []
  const given = Object.entries(put.indexes ?? {}).filter(([name]) => !assign.some((a) => a.index === name))
  const indexes = given.length === 0 ? null : JSON.stringify(Object.fromEntries(given))
  into.push(PUT, put.tenant, put.collection, put.key, put.sort ?? '', put.expected ?? -1)
  into.push(bodyText(put, assign), indexes, assign.length)
  for (const { field, counter, index, sort } of assign) into.push(field, counter, index ?? null, sort ? 1 : 0)
}

/** Without the fields that the writer adds at its end. */
function bodyText(put: DocumentPut, assign: NonNullable<DocumentPut['assign']>): string {
  const body = assign.length === 0 ? put.body : without(put.body, new Set(assign.map((a) => a.field)))
  const text: string | undefined = JSON.stringify(body)
  if (text === undefined) throw invalid('body', 'a document needs a body')
  return text
}

function without(body: unknown, fields: ReadonlySet<string>): object {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('body', 'only an object can be given numbers')
  return Object.fromEntries(Object.entries(body).filter(([field]) => !fields.has(field)))
}

/** One row for what one commit records of one execution in a row. */
function encodeEvents(changes: readonly Change[], into: Atom[]): void {
  let group: UnplacedEvent[] = []
  for (const change of changes) {
    if (change.kind !== 'event') continue
    if (group[0] && !together(group[0], change.event)) {
      pushEvents(group, into)
      group = []
    }
    group.push(change.event)
  }
  pushEvents(group, into)
}

const together = (a: UnplacedEvent, b: UnplacedEvent): boolean =>
  a.execution === b.execution && a.tenant === b.tenant && a.at === b.at && a.version === b.version

function pushEvents(group: readonly UnplacedEvent[], into: Atom[]): void {
  const first = group[0]
  if (!first) return
  const transitions = JSON.stringify(group.map((e) => e.transition))
  into.push(EVENTS, group.length, first.tenant, first.execution, first.at, first.version, transitions)
}
