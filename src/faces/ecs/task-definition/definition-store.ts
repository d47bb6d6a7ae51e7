/**
 * Task definitions in the store: a document per revision and one per family, which counts revisions. Both are written in
 * one commit, against the version that was read: revisions rise by one, without gaps, for ever.
 */
import type { Document } from '../../../core/ports/store.ts'
import { changeAgain, put } from '../../kit/documents.ts'
import { type Home, isArn, parseArn, unsupportedResource } from '../arn.ts'
import { COLLECTIONS } from '../documents.ts'
import { invalidParameter } from '../errors.ts'
import type { Call } from '../operation.ts'
import { engineExecutions } from '../task/engine-executions.ts'
import { taskRecordOf } from '../task/task-record.ts'
import type { TaskDefinition } from './task-definition.ts'

interface Family {
  readonly family: string
  readonly latest: number
  /** How many revisions are ACTIVE. */
  readonly active: number
}

export interface DefinitionName {
  readonly family: string
  readonly revision?: number
}

/** `family`, `family:revision` or an ARN. Throws InvalidParameterException for a revision that is no number. */
export function definitionName(home: Home, given: string): DefinitionName {
  const text = isArn(given) ? nameInArn(home, given) : given
  const [family = '', revision, ...rest] = text.split(':')
  if (revision === undefined) return { family }
  if (!/^\d{1,9}$/.test(revision) || rest.length > 0)
    throw invalidParameter(`Invalid revision number. Number: ${[revision, ...rest].join(':')}`)
  return { family, revision: Number(revision) }
}

function nameInArn(home: Home, given: string): string {
  const arn = parseArn(home, given)
  if (arn.kind !== 'task-definition' || arn.path.length !== 1) throw unsupportedResource(arn)
  return arn.path[0]!
}

const keyOf = (family: string, revision: number): string => `${family}:${revision}`
/** Families in alphabetical order, revisions by number: a blank sorts before every character of a name. */
const sortOf = (family: string, revision: number): string => `${family} ${String(revision).padStart(9, '0')}`

function putDefinition(call: Call, definition: TaskDefinition, expected: number): ReturnType<typeof put> {
  const { family, revision, status } = definition
  return put(call.tenant, COLLECTIONS.definition, keyOf(family, revision), definition, {
    sort: sortOf(family, revision),
    indexes: { status, familyStatus: `${family}/${status}` },
    expected,
  })
}

const putFamily = (call: Call, family: Family, expected: number): ReturnType<typeof put> =>
  put(call.tenant, COLLECTIONS.family, family.family, family, {
    sort: family.family,
    indexes: { status: family.active > 0 ? 'ACTIVE' : 'INACTIVE' },
    expected,
  })

/** Gives it the family's next revision. */
export const addDefinition = (call: Call, definition: Omit<TaskDefinition, 'revision'>): Promise<TaskDefinition> =>
  changeAgain(async () => {
    const before = await call.engine.document<Family>(call.tenant, COLLECTIONS.family, definition.family)
    const known = before?.body ?? { family: definition.family, latest: 0, active: 0 }
    const added: TaskDefinition = { ...definition, revision: known.latest + 1 }
    await call.engine.saveDocuments([
      putFamily(call, { ...known, latest: added.revision, active: known.active + 1 }, before?.version ?? 0),
      putDefinition(call, added, 0),
    ])
    return added
  })

/** By name; the latest ACTIVE revision where none is named. Undefined for one that was deleted. */
export async function findDefinition(
  call: Call,
  { family, revision }: DefinitionName,
): Promise<Document<TaskDefinition> | undefined> {
  if (revision !== undefined) {
    const found = await call.engine.document<TaskDefinition>(
      call.tenant,
      COLLECTIONS.definition,
      keyOf(family, revision),
    )
    return found && (await isDeleted(call, found.body)) ? undefined : found
  }
  const page = await call.engine.documents<TaskDefinition>(call.tenant, COLLECTIONS.definition, {
    limit: 1,
    ascending: false,
    index: { name: 'familyStatus', value: `${family}/ACTIVE` },
  })
  return page.items[0]
}

/** How long a deleted revision is at least shown as DELETE_IN_PROGRESS. AWS names no time. */
const SHOWN_MS = 3_600_000

/** A revision on its way out is gone once it was shown for a while and no task uses it any more. */
export async function isDeleted(call: Call, definition: TaskDefinition): Promise<boolean> {
  const { status, family, revision, deleteRequestedAt } = definition
  if (status !== 'DELETE_IN_PROGRESS' || call.engine.now() < (deleteRequestedAt ?? 0) + SHOWN_MS) return false
  for await (const e of engineExecutions(call, { active: true, refs: { 'ecs.family': family } }))
    if (taskRecordOf(e)?.revision === revision) return false
  return true
}

/** Changes the status of one revision; `change` may throw to refuse. Undefined when there is no such revision. */
export const changeDefinition = (
  call: Call,
  name: Required<DefinitionName>,
  change: (before: TaskDefinition) => TaskDefinition,
): Promise<TaskDefinition | undefined> =>
  changeAgain(async () => {
    const before = await findDefinition(call, name)
    if (!before) return undefined
    const after = change(before.body)
    if (after === before.body) return after
    const lost = before.body.status === 'ACTIVE' && after.status !== 'ACTIVE' ? 1 : 0
    const family = await call.engine.document<Family>(call.tenant, COLLECTIONS.family, name.family)
    const counted =
      family && lost > 0 ? [putFamily(call, { ...family.body, active: family.body.active - lost }, family.version)] : []
    await call.engine.saveDocuments([putDefinition(call, after, before.version), ...counted])
    return after
  })
