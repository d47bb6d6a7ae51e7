import { clusterArn } from '../arn.ts'
import { instancesOf } from '../instance/container-instance.ts'
import type { Call } from '../operation.ts'
import type { Cluster } from './cluster.ts'
import { type ClusterCounts, clusterCounts } from './cluster-counts.ts'

type Include = 'ATTACHMENTS' | 'CONFIGURATIONS' | 'SETTINGS' | 'STATISTICS' | 'TAGS'
const ALL: readonly Include[] = ['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS']

/** A cluster as the API shows it; parts only where they are asked for. */
export async function presentCluster(call: Call, cluster: Cluster, include: readonly Include[] = ALL): Promise<object> {
  const [instances, counts] = await Promise.all([instancesOf(call, cluster.name), clusterCounts(call, cluster.name)])
  const shows = (part: Include): boolean => include.includes(part)
  return {
    clusterArn: clusterArn(call.home, cluster.name),
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: instances.filter((i) => i.status !== 'INACTIVE').length,
    runningTasksCount: counts.running,
    pendingTasksCount: counts.pending,
    activeServicesCount: 0,
    statistics: shows('STATISTICS') ? statisticsOf(counts) : [],
    tags: shows('TAGS') ? cluster.tags : [],
    settings: shows('SETTINGS') ? cluster.settings : [],
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
    ...(shows('CONFIGURATIONS') && cluster.configuration && { configuration: cluster.configuration }),
    ...(cluster.serviceConnectDefaults && { serviceConnectDefaults: cluster.serviceConnectDefaults }),
    ...(shows('ATTACHMENTS') && { attachments: [] }),
  }
}

function statisticsOf(counts: ClusterCounts): readonly { readonly name: string; readonly value: string }[] {
  const values: Readonly<Record<string, number>> = {
    runningEC2TasksCount: counts.running - counts.runningFargate,
    runningFargateTasksCount: counts.runningFargate,
    pendingEC2TasksCount: counts.pending - counts.pendingFargate,
    pendingFargateTasksCount: counts.pendingFargate,
    runningExternalTasksCount: 0,
    pendingExternalTasksCount: 0,
    activeEC2ServiceCount: 0,
    activeFargateServiceCount: 0,
    drainingEC2ServiceCount: 0,
    drainingFargateServiceCount: 0,
  }
  return Object.entries(values).map(([name, value]) => ({ name, value: String(value) }))
}
