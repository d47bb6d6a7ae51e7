/** An automations file upon an environment: what is new is made, what differs is changed, what is missing stays (ona.md 4). */
import { isDeepStrictEqual } from 'node:util'
import type { Principal } from '../../../core/identity.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import type { AutomationsFile, FileService, FileTask } from '../../../workspaces/automations-file.ts'
import { circleOf } from '../../../workspaces/levels.ts'
import { changeAgain } from '../../kit/documents.ts'
import type { Parts } from '../call.ts'
import { COLLECTIONS, type ServiceRecord, type TaskRecord } from '../documents.ts'
import { invalidArgument } from '../errors.ts'
import { ResourceOperation, ResourceType } from '../gen/gitpod/v1/event_pb.js'
import { creatorOf } from '../wire/subject.ts'
import { type Automations, automationsOf, inTurn, putAutomation, putReference } from './automations-of.ts'
import { roleOf } from './role.ts'

export interface Upserted {
  readonly tasks: readonly string[]
  readonly services: readonly string[]
}

/**
 * All in one commit, from what there was at that moment: who changes the same at once does so before or after. Throws
 * `invalid_argument` for unknown references, circles and a name of the other kind.
 */
export const upsertAutomations = (
  parts: Parts,
  principal: Principal,
  environment: string,
  file: AutomationsFile,
): Promise<Upserted> => inTurn(environment, () => changeAgain(() => upsert(parts, principal, environment, file)))

async function upsert(
  parts: Parts,
  principal: Principal,
  environment: string,
  file: AutomationsFile,
): Promise<Upserted> {
  const { engine } = parts
  const known = await automationsOf({ engine, tenant: principal.tenant }, environment)
  const names = namesOf(known)
  const base = (former: TaskRecord | ServiceRecord | undefined, item: FileTask | FileService) => ({
    id: former?.id ?? engine.newExecutionId(),
    environment,
    reference: item.reference,
    name: item.name,
    description: item.description ?? '',
    createdAt: former?.createdAt ?? engine.now(),
    creator: former?.creator ?? creatorOf(principal),
    triggeredBy: item.triggeredBy,
  })
  const services = file.services.map((s) =>
    serviceOf(base(formerOf(names, s.reference, known.services, 'service'), s), s, known),
  )
  const tasks = file.tasks.map((t) => ({ base: base(formerOf(names, t.reference, known.tasks, 'task'), t), file: t }))
  const ids = new Map([
    ...names,
    ...services.map((s) => [s.reference, s.id] as const),
    ...tasks.map((t) => [t.base.reference, t.base.id] as const),
  ])
  const records = tasks.map((t): TaskRecord => taskOf(t.base, t.file, ids, known.tasks.get(t.base.id)))
  checkCircle(new Map([...known.tasks, ...records.map((r) => [r.id, r] as const)]))
  const changedTasks = records.filter((r) => !isDeepStrictEqual(r, known.tasks.get(r.id)))
  const changedServices = services.filter((s) => !isDeepStrictEqual(s, known.services.get(s.id)))
  await store(parts, principal, known, changedTasks, changedServices)
  return { tasks: changedTasks.map((t) => t.id), services: changedServices.map((s) => s.id) }
}

const namesOf = ({ tasks, services }: Automations): ReadonlyMap<string, string> =>
  new Map([...tasks.values(), ...services.values()].map((a) => [a.reference, a.id]))

function formerOf<Kind>(
  names: ReadonlyMap<string, string>,
  reference: string,
  ofKind: ReadonlyMap<string, Kind>,
  kind: string,
): Kind | undefined {
  const id = names.get(reference)
  if (id !== undefined && !ofKind.has(id))
    throw invalidArgument(`${reference} cannot be a ${kind}: there is another automation of that name`)
  return id === undefined ? undefined : ofKind.get(id)
}

type Base = Pick<
  TaskRecord,
  'id' | 'environment' | 'reference' | 'name' | 'description' | 'createdAt' | 'creator' | 'triggeredBy'
>

function taskOf(
  base: Base,
  file: FileTask,
  ids: ReadonlyMap<string, string>,
  former: TaskRecord | undefined,
): TaskRecord {
  const dependsOn = file.dependsOn.map((reference) => {
    const id = ids.get(reference)
    if (id === undefined) throw invalidArgument(`task ${file.reference} depends on ${reference}, which does not exist`)
    return id
  })
  return {
    ...base,
    spec: {
      command: file.command,
      ...(file.runsOn && { runsOn: file.runsOn }),
      env: former?.spec.env ?? [],
      prebuildRequiresSuccess: file.prebuildRequiresSuccess,
    },
    dependsOn: [...new Set(dependsOn)],
    ...(file.extension && { extension: file.extension }),
  }
}

function serviceOf(base: Base, file: FileService, known: Automations): ServiceRecord {
  const former = known.services.get(base.id)
  const record: ServiceRecord = {
    ...base,
    role: roleOf(file.role),
    commands: { start: file.start, ready: file.ready ?? '', stop: file.stop ?? '' },
    ...(file.runsOn && { runsOn: file.runsOn }),
    env: former?.env ?? [],
    ...(file.readinessTimeoutMs !== undefined && { readinessTimeoutMs: file.readinessTimeoutMs }),
    specVersion: former?.specVersion ?? 1,
    output: former?.output ?? {},
  }
  return former && !isDeepStrictEqual(record, former) ? { ...record, specVersion: former.specVersion + 1 } : record
}

function checkCircle(tasks: ReadonlyMap<string, TaskRecord>): void {
  const circle = circleOf(tasks.values())
  if (!circle) return
  const names = circle.map((id) => tasks.get(id)?.reference ?? id)
  throw invalidArgument(`tasks depend on each other in a circle: ${names.join(' → ')}`)
}

async function store(
  { engine, hub }: Parts,
  { tenant }: Principal,
  known: Automations,
  tasks: readonly TaskRecord[],
  services: readonly ServiceRecord[],
): Promise<void> {
  const isNew = ({ id }: TaskRecord | ServiceRecord): boolean => !known.tasks.has(id) && !known.services.has(id)
  const all = [
    ...services.map((record) => ({ record, collection: COLLECTIONS.service as string, type: ResourceType.SERVICE })),
    ...tasks.map((record) => ({ record, collection: COLLECTIONS.task as string, type: ResourceType.TASK })),
  ]
  const changes = all.flatMap(({ record, collection }): DocumentChange[] => [
    ...(isNew(record) ? [putReference(tenant, record)] : []),
    putAutomation(tenant, collection, record, known.versions.get(record.id) ?? 0),
  ])
  if (changes.length > 0) await engine.saveDocuments(changes)
  for (const { record, type } of all) {
    const operation = isNew(record) ? ResourceOperation.CREATE : ResourceOperation.UPDATE
    hub.tell(tenant, record.environment, operation, type, record.id)
  }
}
