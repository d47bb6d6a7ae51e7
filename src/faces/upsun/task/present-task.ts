import type { DeployedTask } from '../documents.ts'

/** The Task object: its 16 keys, and the links that live replies add (reference §1.1). */
export function presentTask({ config }: DeployedTask, base: string): object {
  return {
    id: config.name,
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
    _links: {
      self: { href: `${base}/tasks/${encodeURIComponent(config.name)}` },
      '#run': { href: `${base}/tasks/${encodeURIComponent(config.name)}/run` },
    },
  }
}
