/**
 * What organisation and space allow (reference 1.10). `apps.per_app_tasks`, despite its name, counts what the whole
 * organisation or space has pending and running.
 */
import { COLLECTIONS, type Org, type Quota, type Space } from '../documents.ts'
import { unprocessable } from '../errors.ts'
import type { Call } from '../operation.ts'
import { activeTasks } from './active-tasks.ts'
import type { TaskSizes } from './parse-task.ts'
import type { TaskRecord } from './task-record.ts'

interface Scope {
  readonly word: 'organization' | 'space'
  readonly index: { readonly name: 'org' | 'space'; readonly value: string }
  readonly name: string
  readonly quota: Quota
}

export async function checkQuota(call: Call, org: Org, space: Space, sizes: TaskSizes): Promise<void> {
  const scopes = await scopesOf(call, org, space)
  const active = scopes.length === 0 ? [] : await activeTasks(call.records, ['PENDING', 'RUNNING'])
  const problems = scopes.flatMap((scope) => problemsOf(scope, active, sizes))
  if (problems.length > 0) throw unprocessable(problems.join(', '))
}

/** Whether creates must be one after the other to be counted right. */
export const hasQuota = async (call: Call, org: Org, space: Space): Promise<boolean> =>
  (await scopesOf(call, org, space)).length > 0

async function scopesOf(call: Call, org: Org, space: Space): Promise<readonly Scope[]> {
  const forSpace = space.quota && (await call.records.find<Quota>(COLLECTIONS.spaceQuota, space.quota))
  const forOrg = org.quota && (await call.records.find<Quota>(COLLECTIONS.quota, org.quota))
  const scopes: Scope[] = []
  if (forOrg && limitsTasks(forOrg))
    scopes.push({ word: 'organization', index: { name: 'org', value: org.guid }, name: org.name, quota: forOrg })
  if (forSpace && limitsTasks(forSpace))
    scopes.push({ word: 'space', index: { name: 'space', value: space.guid }, name: space.name, quota: forSpace })
  return scopes
}

const limitsTasks = ({ totalMemory, perProcessMemory, perAppTasks, logRate }: Quota): boolean =>
  totalMemory !== null || perProcessMemory !== null || perAppTasks !== null || logRate !== null

/** In the order of Cloud Controller's task_model.rb. */
function problemsOf(
  { word, index, name, quota }: Scope,
  tasks: readonly TaskRecord[],
  sizes: TaskSizes,
): readonly string[] {
  const { totalMemory, perProcessMemory, perAppTasks, logRate } = quota
  const active = tasks.filter((task) => task[index.name] === index.value)
  const sum = (of: (task: TaskRecord) => number): number => active.reduce((total, task) => total + of(task), 0)
  const checks: readonly (readonly [boolean, string])[] = [
    [
      totalMemory !== null && sum((t) => t.memory) + sizes.memory > totalMemory,
      `memory_in_mb exceeds ${word} memory quota`,
    ],
    [
      perProcessMemory !== null && sizes.memory > perProcessMemory,
      `memory_in_mb exceeds ${word} instance memory quota`,
    ],
    [logRate !== null && sizes.logRate === -1, `log_rate_limit cannot be unlimited in ${word} '${name}'.`],
    [
      logRate !== null && sum((t) => Math.max(0, t.logRate)) + sizes.logRate > logRate,
      `log_rate_limit exceeds ${word} log rate quota`,
    ],
    [perAppTasks !== null && active.length >= perAppTasks, 'app_task_limit quota exceeded'],
  ]
  return checks.flatMap(([isBroken, words]) => (isBroken ? [words] : []))
}
