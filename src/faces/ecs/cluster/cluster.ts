/**
 * Clusters: documents by name. `default` exists in every account and region without having been created (reference
 * ecs.md 4.2) until somebody deletes it.
 */
import type { Instant } from '../../../core/instant.ts'
import type { Document } from '../../../core/ports/store.ts'
import { allDocuments, changeAgain, put } from '../../kit/documents.ts'
import { clusterNameOf } from '../arn.ts'
import { COLLECTIONS } from '../documents.ts'
import { AwsError, clusterNotFound } from '../errors.ts'
import type { Call } from '../operation.ts'
import type { Tag } from '../tags.ts'
import type { StrategyItem } from './cluster-shapes.ts'

export interface Cluster {
  readonly name: string
  readonly status: 'ACTIVE' | 'INACTIVE'
  readonly createdAt: Instant
  readonly settings: readonly { readonly name?: string; readonly value?: string }[]
  readonly configuration?: object
  readonly serviceConnectDefaults?: { readonly namespace: string }
  readonly capacityProviders: readonly string[]
  readonly defaultCapacityProviderStrategy: readonly StrategyItem[]
  readonly tags: readonly Tag[]
}

export const newCluster = (name: string, createdAt: Instant): Cluster => ({
  name,
  status: 'ACTIVE',
  createdAt,
  settings: [{ name: 'containerInsights', value: 'disabled' }],
  capacityProviders: [],
  defaultCapacityProviderStrategy: [],
  tags: [],
})

/** Undefined when there never was one. */
export async function findCluster(call: Call, name: string): Promise<Cluster | undefined> {
  const found = await call.engine.document<Cluster>(call.tenant, COLLECTIONS.cluster, name)
  return found?.body ?? (name === 'default' ? newCluster(name, 0) : undefined)
}

/** The cluster of a request, by name or ARN. Throws ClusterNotFoundException. */
export async function activeCluster(call: Call, given: string | undefined): Promise<Cluster> {
  const cluster = await findCluster(call, clusterNameOf(call.home, given))
  if (cluster === undefined) throw clusterNotFound()
  if (cluster.status === 'INACTIVE')
    throw new AwsError('ClusterNotFoundException', 'The referenced cluster was inactive.')
  return cluster
}

/** Changes a cluster atomically. `change` may throw to refuse. */
export const changeCluster = (
  call: Call,
  name: string,
  change: (before: Cluster | undefined) => Cluster | Promise<Cluster>,
): Promise<Cluster> =>
  changeAgain(async () => {
    const before = await call.engine.document<Cluster>(call.tenant, COLLECTIONS.cluster, name)
    const known = before?.body ?? (name === 'default' ? newCluster(name, call.engine.now()) : undefined)
    const after = await change(known)
    await call.engine.saveDocuments([
      put(call.tenant, COLLECTIONS.cluster, name, after, { sort: name, expected: before?.version ?? 0 }),
    ])
    return after
  })

/** Names of ACTIVE clusters, sorted. */
export async function activeClusterNames(call: Call): Promise<readonly string[]> {
  const documents: readonly Document<Cluster>[] = await allDocuments(call.engine, call.tenant, COLLECTIONS.cluster)
  const names = documents.filter((d) => d.body.status === 'ACTIVE').map((d) => d.body.name)
  const known = documents.some((d) => d.body.name === 'default')
  return [...names, ...(known ? [] : ['default'])].sort()
}
