import type { TaskConfig } from '../config/task-config.ts'

/** What a task was configured to be, by the wire's keys: for clients, and for the task's own program. No secret lies in it. */
export const taskFields = (config: TaskConfig): object => ({
  name: config.name,
  type: config.type,
  source: { root: config.sourceRoot },
  hooks: { build: config.build, deploy: config.deploy },
  run: { command: config.command, timeout: config.timeoutSeconds },
  resources: config.resources,
  container_profile: config.containerProfile,
  authorizations: config.authorizations,
  relationships: config.relationships,
  additional_hosts: config.additionalHosts,
  mounts: config.mounts,
  timezone: config.timezone,
  variables: config.variables,
  dependencies: config.dependencies,
  runtime: config.runtime,
})
