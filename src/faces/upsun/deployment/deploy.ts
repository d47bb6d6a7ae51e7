/**
 * A deployment begins: a tree is taken in and kept and its configuration checked, or what is deployed is taken again.
 * `submit-deployment.ts` makes an activity of it.
 */
import type { Readable } from 'node:stream'
import type { DeployType } from '../activity/activity-type.ts'
import type { Found } from '../activity/find-activity.ts'
import type { Call } from '../call.ts'
import { CONFIG_PATH, parseConfig } from '../config/parse-config.ts'
import { readArchive } from '../config/read-archive.ts'
import { findEnvironment, findProject, type PushedCommit } from '../documents.ts'
import { badRequest, notFound } from '../errors.ts'
import type { VariableChange } from '../variable/variable-change.ts'
import { type DeployOptions, readDeployOptions } from './deploy-options.ts'
import { comingDeployment, deploymentsUnderWay, inTurn, type Where } from './deployments-under-way.ts'
import { ensurePlace } from './ensure-place.ts'
import { UPLOADS } from './forget-uploads.ts'
import { submitDeployment } from './submit-deployment.ts'
import { treeKey } from './tree-key.ts'

/** Takes a tree and deploys it. Throws 400 for what is no tree, or has no good configuration. */
export const deploy = (...given: Parameters<typeof deployTree>): Promise<Found> =>
  given[0].builds.during(() => deployTree(...given))

async function deployTree(
  call: Call,
  where: Where,
  tree: Readable,
  options: DeployOptions,
  commit?: PushedCommit,
): Promise<Found> {
  const { config, ...kept } = await keepTree(call, tree)
  const configs = parseConfig(config)
  for (const name of options.sizes.keys())
    if (!configs.some((config) => config.name === name)) throw badRequest(`size: no task is named ${name}`)
  await ensurePlace(call, where, options)
  return inTurn(call, where, async () => {
    const source = { ...kept, configs, type: 'environment.push', ...(commit && { commit }) } as const
    const underWay = await deploymentsUnderWay(call, where)
    return submitDeployment(call, where, { source, options, underWay, base: await comingDeployment(call, underWay) })
  })
}

/** Why a tree is deployed again. */
export interface RedeployCause {
  readonly type: Exclude<DeployType, 'environment.push'>
  /** What is changed with it. */
  readonly change?: VariableChange
}

/** What is deployed, or is about to be, again, with the variables of now. Throws 404 where there is nothing. */
export async function redeploy(call: Call, where: Where): Promise<Found> {
  const found = await inTurn(call, where, () => redeployed(call, where, { type: 'environment.redeploy' }))
  if (!found) throw notFound('deployment', 'current')
  return found
}

/** The same for who has the environment's turn; undefined where there is nothing to deploy. */
export const redeployed = (...given: Parameters<typeof deployAgain>): Promise<Found | undefined> =>
  given[0].builds.during(() => deployAgain(...given))

async function deployAgain(call: Call, where: Where, { type, change }: RedeployCause): Promise<Found | undefined> {
  await findProject(call.engine, call.tenant, where.project)
  const environment = await findEnvironment(call.engine, call.tenant, where.project, where.environment)
  const underWay = await deploymentsUnderWay(call, where)
  const coming = await comingDeployment(call, underWay)
  const again = coming ?? environment.deployment
  if (!again) return undefined
  const path = await call.context.objects.path(call.tenant, treeKey(again.treeId))
  if (path === undefined) throw notFound('tree', again.treeId)
  const { treeId, commit, tasks } = again
  const configs = tasks.map(({ config }) => config)
  const source = { treeId, path, configs, type, ...(commit && { commit }), ...(change && { change }) }
  const needed = coming?.activity
  return submitDeployment(call, where, {
    source,
    options: readDeployOptions(new URLSearchParams()),
    underWay,
    base: coming,
    ...(needed !== undefined && { needed }),
  })
}

/** Of the archive as it is sent. */
const LARGEST_TREE_BYTES = 2 ** 31

/** Under its tree's id, so that equal trees are kept once. Throws 400 when no configuration is in it. */
async function keepTree(
  call: Call,
  tree: Readable,
): Promise<{ readonly treeId: string; readonly path: string; readonly config: string }> {
  const { objects } = call.context
  const upload = `${UPLOADS.tree}${call.engine.newExecutionId()}`
  await objects.put(call.tenant, upload, tree, { limitBytes: LARGEST_TREE_BYTES })
  try {
    const head = await firstBytes(await objects.read(call.tenant, upload, { from: 0, until: 2 }))
    const isCompressed = head[0] === 0x1f && head[1] === 0x8b
    const { treeId, file } = await readArchive(await objects.read(call.tenant, upload), isCompressed, CONFIG_PATH)
    if (file === undefined) throw badRequest(`the tree has no ${CONFIG_PATH}`)
    const key = treeKey(treeId)
    if (!(await objects.facts(call.tenant, key)))
      await objects.put(call.tenant, key, await objects.read(call.tenant, upload))
    const path = await objects.path(call.tenant, key)
    if (path === undefined) throw badRequest('trees must lie on the disk of this machine')
    return { treeId, path, config: file }
  } finally {
    await objects.remove(call.tenant, upload)
  }
}

async function firstBytes(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}
