import { allDocuments } from '../../kit/documents.ts'
import type { Call } from '../call.ts'
import { comingDeployment, deploymentsUnderWay } from '../deployment/deployments-under-way.ts'
import { COLLECTIONS, type EnvironmentRecord, keyOf } from '../documents.ts'
import { FLUSH, pktLine } from './pkt-line.ts'
import { NO_COMMIT } from './read-push.ts'

const CAPABILITIES = 'report-status side-band-64k push-options ofs-delta object-format=sha1 agent=taskport'

const refOf = (environment: string): string => `refs/heads/${environment}`

/**
 * What a push is told of the project: a branch for each environment whose commit was pushed, deployed or about to be. One
 * from a client without its whole history is not told of, for the next push must not count on what lies before it.
 */
export async function advertiseRefs(call: Call, project: string): Promise<Buffer> {
  const refs = await refsOf(call, project)
  const lines = refs.length === 0 ? [`${NO_COMMIT} capabilities^{}`] : refs.map(([ref, commit]) => `${commit} ${ref}`)
  return Buffer.concat([
    pktLine('# service=git-receive-pack\n'),
    FLUSH,
    ...lines.map((line, i) => pktLine(i === 0 ? `${line}\0${CAPABILITIES}\n` : `${line}\n`)),
    FLUSH,
  ])
}

/** Ref and commit, by name. */
export async function refsOf(call: Call, project: string): Promise<readonly (readonly [string, string])[]> {
  const query = { keyPrefix: `${keyOf(project)}/`, ascending: true }
  const found = await allDocuments<EnvironmentRecord>(call.engine, call.tenant, COLLECTIONS.environment, query)
  const refs: (readonly [string, string])[] = []
  for (const { body } of found) {
    const underWay = await deploymentsUnderWay(call, { project, environment: body.name })
    const commit = ((await comingDeployment(call, underWay)) ?? body.deployment)?.commit
    if (commit && !commit.isShallow) refs.push([refOf(body.name), commit.id])
  }
  return refs
}
