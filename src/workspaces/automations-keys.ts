/** Keys that an automations file may have, by place. An unknown one is a mistake. */
export const FILE_KEYS = ['services', 'tasks'] as const
export const TASK_KEYS = [
  'name',
  'description',
  'command',
  'dependsOn',
  'triggeredBy',
  'runsOn',
  'prebuildRequiresSuccess',
] as const
export const SERVICE_KEYS = [
  'name',
  'description',
  'role',
  'triggeredBy',
  'runsOn',
  'commands',
  'readinessTimeout',
] as const
export const COMMAND_KEYS = ['start', 'ready', 'stop'] as const

/** Where Taskport's own keys stand; ignored by nobody but a vendor that refuses them. */
export const EXTENSION = 'x-taskport'
export const EXTENSION_KEYS = ['timeout', 'retry', 'onFailure', 'env', 'inputs', 'changed'] as const
export const INPUT_KEYS = ['description', 'default', 'options'] as const
export const RETRY_KEYS = ['limit', 'delay', 'exitCodes'] as const

export const TRIGGERS = [
  'manual',
  'postMachineStart',
  'postEnvironmentStart',
  'postDevcontainerStart',
  'prebuild',
  'beforeSnapshot',
] as const
export type TriggerName = (typeof TRIGGERS)[number]

/** A service may take a day to become ready. */
export const LONGEST_READINESS_MS = 86_400_000

export const ROLES = ['', 'default', 'editor', 'ai-agent'] as const
export const REFERENCE = /^[a-zA-Z0-9_-]{1,128}$/
