/** Every operation of the two services, by the vendor's own name. What is not here is refused in the vendor's voice. */
import type { Operation } from '../operation.ts'
import {
  deleteAccountSetting,
  listAccountSettings,
  putAccountSetting,
  putAccountSettingDefault,
} from './ecs/account-settings.ts'
import { deleteAttributes, listAttributes, putAttributes } from './ecs/attributes.ts'
import { createCluster } from './ecs/create-cluster.ts'
import { deleteCluster } from './ecs/delete-cluster.ts'
import { deleteTaskDefinitions } from './ecs/delete-task-definitions.ts'
import { deregisterContainerInstance } from './ecs/deregister-container-instance.ts'
import { deregisterTaskDefinition } from './ecs/deregister-task-definition.ts'
import { describeCapacityProviders } from './ecs/describe-capacity-providers.ts'
import { describeClusters } from './ecs/describe-clusters.ts'
import { describeContainerInstances } from './ecs/describe-container-instances.ts'
import { describeTaskDefinition } from './ecs/describe-task-definition.ts'
import { describeTasks } from './ecs/describe-tasks.ts'
import { executeCommand } from './ecs/execute-command.ts'
import { listClusters } from './ecs/list-clusters.ts'
import { listContainerInstances } from './ecs/list-container-instances.ts'
import { listTaskDefinitionFamilies } from './ecs/list-task-definition-families.ts'
import { listTaskDefinitions } from './ecs/list-task-definitions.ts'
import { listTasks } from './ecs/list-tasks.ts'
import { putClusterCapacityProviders } from './ecs/put-cluster-capacity-providers.ts'
import { registerContainerInstance } from './ecs/register-container-instance.ts'
import { registerTaskDefinition } from './ecs/register-task-definition.ts'
import { runTask } from './ecs/run-task.ts'
import { describeServices, listServices } from './ecs/services.ts'
import { startTask } from './ecs/start-task.ts'
import { stopTask } from './ecs/stop-task.ts'
import { listTagsForResource, tagResource, untagResource } from './ecs/tagging.ts'
import { getTaskProtection, updateTaskProtection } from './ecs/task-protection.ts'
import { updateCluster, updateClusterSettings } from './ecs/update-cluster.ts'
import { updateContainerInstancesState } from './ecs/update-container-instances-state.ts'
import { filterLogEvents } from './logs/filter-log-events.ts'
import { getLogEvents } from './logs/get-log-events.ts'
import {
  listTagsForLogResource,
  listTagsLogGroup,
  tagLogGroup,
  tagLogResource,
  untagLogGroup,
  untagLogResource,
} from './logs/log-group-tags.ts'
import {
  createLogGroup,
  deleteLogGroup,
  deleteRetentionPolicy,
  describeLogGroups,
  putRetentionPolicy,
} from './logs/log-groups.ts'
import { createLogStream, deleteLogStream, describeLogStreams, putLogEvents } from './logs/log-streams.ts'

const table = (operations: readonly Operation[]): ReadonlyMap<string, Operation> =>
  new Map(operations.map((o) => [o.name, o]))

export const ECS_OPERATIONS = table([
  createCluster,
  deleteAccountSetting,
  deleteAttributes,
  deleteCluster,
  deleteTaskDefinitions,
  deregisterContainerInstance,
  deregisterTaskDefinition,
  describeCapacityProviders,
  describeClusters,
  describeContainerInstances,
  describeServices,
  describeTaskDefinition,
  describeTasks,
  executeCommand,
  getTaskProtection,
  listAccountSettings,
  listAttributes,
  listClusters,
  listContainerInstances,
  listServices,
  listTagsForResource,
  listTaskDefinitionFamilies,
  listTaskDefinitions,
  listTasks,
  putAccountSetting,
  putAccountSettingDefault,
  putAttributes,
  putClusterCapacityProviders,
  registerContainerInstance,
  registerTaskDefinition,
  runTask,
  startTask,
  stopTask,
  tagResource,
  untagResource,
  updateCluster,
  updateClusterSettings,
  updateContainerInstancesState,
  updateTaskProtection,
])

export const LOGS_OPERATIONS = table([
  createLogGroup,
  createLogStream,
  deleteLogGroup,
  deleteLogStream,
  deleteRetentionPolicy,
  describeLogGroups,
  describeLogStreams,
  filterLogEvents,
  getLogEvents,
  listTagsForLogResource,
  listTagsLogGroup,
  putLogEvents,
  putRetentionPolicy,
  tagLogGroup,
  tagLogResource,
  untagLogGroup,
  untagLogResource,
])
