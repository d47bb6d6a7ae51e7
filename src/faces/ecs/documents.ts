/** This face's collections of documents. */
export const COLLECTIONS = {
  cluster: 'ecs/cluster',
  definition: 'ecs/task-definition',
  family: 'ecs/family',
  instance: 'ecs/instance',
  taskTags: 'ecs/task-tags',
  accountSetting: 'ecs/account-setting',
  logGroup: 'ecs/log-group',
  logStream: 'ecs/log-stream',
  logEvent: 'ecs/log-event',
} as const
