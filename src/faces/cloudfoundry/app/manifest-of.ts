import { stringify } from 'yaml'
import type { App, Droplet, Process } from '../documents.ts'

/** An app as a manifest that would make it again (Cloud Controller's app_manifest_presenters); YAML. */
export function manifestOf(
  app: App,
  processes: readonly Process[],
  services: readonly { readonly name: string }[],
  droplet: Droplet | undefined,
): string {
  const { labels, annotations } = app.metadata
  const { buildpacks, stack } = app.lifecycle.data as { readonly buildpacks?: unknown; readonly stack?: unknown }
  const metadata = { ...(some(labels) && { labels }), ...(some(annotations) && { annotations }) }
  const described = {
    name: app.name,
    ...(droplet?.image !== undefined && { docker: { image: droplet.image } }),
    ...(Array.isArray(buildpacks) && buildpacks.length > 0 && { buildpacks }),
    ...(stack !== undefined && { stack }),
    ...(some(app.env) && { env: app.env }),
    ...(services.length > 0 && { services: services.map(({ name }) => name) }),
    ...(some(metadata) && { metadata }),
    processes: processes.map(processPart),
  }
  return `---\n${stringify({ applications: [described] })}`
}

const some = (record: object): boolean => Object.keys(record).length > 0

const processPart = (process: Process): object => ({
  type: process.type,
  ...(process.command !== undefined && { command: process.command }),
  disk_quota: `${process.disk}M`,
  'health-check-type': process.healthCheck.type,
  instances: process.instances,
  'log-rate-limit-per-second': process.logRate < 0 ? -1 : `${process.logRate}B`,
  memory: `${process.memory}M`,
})
