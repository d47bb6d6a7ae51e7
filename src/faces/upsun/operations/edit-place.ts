import { changeAgain, put } from '../../kit/documents.ts'
import { needUser } from '../access.ts'
import { newInstant, presentInstant } from '../activity/instant-activity.ts'
import { type Call, originOf } from '../call.ts'
import { isTimezone } from '../config/parse-config.ts'
import { COLLECTIONS, type EnvironmentRecord, findEnvironment, keyOf, type ProjectRecord } from '../documents.ts'
import { presentEnvironment } from '../environment/present-environment.ts'
import { badRequest, notFound } from '../errors.ts'
import { organizationIdOf } from '../organization.ts'
import { presentProject } from '../project/present-project.ts'
import { accepted } from '../wire/accepted.ts'
import { onlyKeys, readJson, textOf } from '../wire/read-body.ts'
import type { Params } from './operation.ts'

const LONGEST_TITLE = 200
const TYPES = ['development', 'staging', 'production'] as const

/** `project:info title …`: title and timezone; a changed title is an activity. Throws 400 for any other key. */
export async function editProject(call: Call, { project }: Params): Promise<object> {
  needUser(call)
  const body = readJson(call.body)
  onlyKeys(body, ['title', 'timezone'])
  const { told, changed } = await changeAgain(async () => {
    const found = await call.engine.document<ProjectRecord>(call.tenant, COLLECTIONS.project, project)
    if (!found) throw notFound('project', project)
    const title = checkedTitle(textOf(body, 'title', found.body.title))
    const timezone = textOf(body, 'timezone', found.body.timezone)
    if (!isTimezone(timezone)) throw badRequest(`timezone: there is no ${timezone}`, { timezone: 'no such time zone' })
    const changed: ProjectRecord = { ...found.body, title, timezone, updatedAt: call.engine.now() }
    const saved = put(call.tenant, COLLECTIONS.project, project, changed, { expected: found.version })
    const isRenamed = title !== found.body.title
    const instant = isRenamed ? await newInstant(call, { type: 'project.modify.title', project }) : undefined
    await call.engine.saveDocuments([saved, ...(instant?.changes ?? [])])
    return { told: instant ? [presentInstant(instant.activity)] : [], changed }
  })
  const entity = presentProject(changed, organizationIdOf(call.tenant), originOf(call))
  return { ...accepted(told, entity), code: 200 }
}

/** `environment:info title …`: title, type, parent. They act on the next run; nothing is deployed. Throws 400. */
export async function editEnvironment(call: Call, { project, environment }: Params): Promise<object> {
  needUser(call)
  const body = readJson(call.body)
  onlyKeys(body, ['title', 'type', 'parent'])
  const changed = await changeAgain(async () => {
    const key = keyOf(project, environment)
    const found = await call.engine.document<EnvironmentRecord>(call.tenant, COLLECTIONS.environment, key)
    if (!found) throw notFound('environment', environment)
    const title = checkedTitle(textOf(body, 'title', found.body.title))
    const type = TYPES.find((one) => one === textOf(body, 'type', found.body.type))
    if (type === undefined) throw badRequest(`type: one of ${TYPES.join(', ')} is needed`, { type: 'no such type' })
    const parent = await parentOf(call, found.body, body.parent)
    const changed: EnvironmentRecord = { ...found.body, title, type, parent, updatedAt: call.engine.now() }
    await call.engine.saveDocuments([
      put(call.tenant, COLLECTIONS.environment, key, changed, { expected: found.version }),
    ])
    return changed
  })
  return { ...accepted([], presentEnvironment(changed)), code: 200 }
}

function checkedTitle(title: string): string {
  if (title.trim() !== '' && title.length <= LONGEST_TITLE) return title
  throw badRequest(`title: 1 to ${LONGEST_TITLE} characters are needed`, { title: 'too short or too long' })
}

async function parentOf(call: Call, own: EnvironmentRecord, wanted: unknown): Promise<string | null> {
  if (wanted === undefined || wanted === own.parent) return own.parent
  if (own.parent === null || typeof wanted !== 'string' || wanted === own.name)
    throw badRequest('parent: the name of another environment is needed; the main one has none', { parent: 'invalid' })
  await findEnvironment(call.engine, call.tenant, own.project, wanted)
  return wanted
}
