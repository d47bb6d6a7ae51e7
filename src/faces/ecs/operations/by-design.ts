/**
 * Operations of the ECS API that a task engine does not have: services, task sets, daemons, express services, gateways,
 * their deployments, capacity that would have to be bought, and the side that ECS's own agent talks to. They are named, so
 * that a client hears what is not there instead of being told that no such operation exists.
 */
const REASONS: Readonly<Record<string, string>> = {
  AssociateGatewayWithCluster: 'gateways',
  ContinueServiceDeployment: 'services',
  CreateCapacityProvider: 'capacity providers of your own',
  CreateDaemon: 'daemons',
  CreateExpressGatewayService: 'express services',
  CreateGateway: 'gateways',
  CreateService: 'services',
  CreateTaskSet: 'task sets',
  DeleteCapacityProvider: 'capacity providers of your own',
  DeleteDaemon: 'daemons',
  DeleteDaemonTaskDefinition: 'daemons',
  DeleteExpressGatewayService: 'express services',
  DeleteGateway: 'gateways',
  DeleteService: 'services',
  DeleteTaskSet: 'task sets',
  DescribeDaemon: 'daemons',
  DescribeDaemonDeployments: 'daemons',
  DescribeDaemonRevisions: 'daemons',
  DescribeDaemonTaskDefinition: 'daemons',
  DescribeExpressGatewayService: 'express services',
  DescribeGateway: 'gateways',
  DescribeGatewayResources: 'gateways',
  DescribeGatewayRoute: 'gateways',
  DescribeServiceDeployments: 'services',
  DescribeServiceRevisions: 'services',
  DescribeTaskSets: 'task sets',
  DisassociateGatewayFromCluster: 'gateways',
  DiscoverPollEndpoint: "connections of ECS's own agent",
  ListDaemonDeployments: 'daemons',
  ListDaemonTaskDefinitions: 'daemons',
  ListDaemons: 'daemons',
  ListGatewayClusterAssociations: 'gateways',
  ListGatewayRoutes: 'gateways',
  ListGateways: 'gateways',
  ListServiceDeployments: 'services',
  ListServicesByNamespace: 'services',
  RegisterDaemonTaskDefinition: 'daemons',
  StopServiceDeployment: 'services',
  SubmitAttachmentStateChanges: "connections of ECS's own agent",
  SubmitContainerStateChange: "connections of ECS's own agent",
  SubmitTaskStateChange: "connections of ECS's own agent",
  UpdateCapacityProvider: 'capacity providers of your own',
  UpdateContainerAgent: "connections of ECS's own agent",
  UpdateDaemon: 'daemons',
  UpdateExpressGatewayService: 'express services',
  UpdateGateway: 'gateways',
  UpdateService: 'services',
  UpdateServicePrimaryTaskSet: 'task sets',
  UpdateTaskSet: 'task sets',
}

export const OUT_OF_SCOPE: readonly string[] = Object.keys(REASONS)

/** What a client of such an operation is told; undefined when it is none of these. */
export const whyNot = (operation: string): string | undefined => {
  const what = Object.hasOwn(REASONS, operation) ? REASONS[operation] : undefined
  return what && `Taskport runs tasks and has no ${what}: ${operation} is not supported.`
}
