import { Failure } from './failure.ts'
import type { Execution } from './native-api.gen.ts'
import type { NativeClient } from './native-client.ts'
import { taskReference } from './task-reference.ts'

const WHOLE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const RECENT = 1_000

/**
 * The execution that a user means: by id, by name or task (the newest of that name, else of that task), by part of an id;
 * nothing is the newest.
 */
export async function findExecution(client: NativeClient, text: string | undefined): Promise<Execution> {
  if (text !== undefined && WHOLE_ID.test(text)) return client.call('getExecution', { path: { id: text } })
  const query = text === undefined ? { limit: 1 } : { name: [text], limit: 1 }
  const [newest] = (await client.call('listExecutions', { query })).items
  if (newest) return newest
  if (text === undefined) throw new Failure('there is no execution yet', 'run one: taskport run -- echo hello')
  return (await ofTask(client, text)) ?? byPart(client, text)
}

async function ofTask(client: NativeClient, text: string): Promise<Execution | undefined> {
  const { name, revision } = taskReference(text)
  const limit = revision === undefined ? 1 : RECENT
  const { items } = await client.call('listExecutions', { query: { task: [name], limit } })
  return items.find((e) => revision === undefined || e.task?.revision === revision)
}

async function byPart(client: NativeClient, text: string): Promise<Execution> {
  const { items } = await client.call('listExecutions', { query: { limit: RECENT } })
  const matches = items.filter((e) => e.id.startsWith(text) || e.id.endsWith(text))
  if (matches.length === 1) return matches[0]!
  if (matches.length > 1)
    throw new Failure(`${matches.length} executions match ${text}`, 'write more of the id, or all of it')
  throw new Failure(`no execution has the id or name ${text}`, '`taskport ps -a` lists executions')
}
