import type { App, Build, Droplet, Package, Process } from '../documents.ts'
import { head, hrefs, metadataOf, toOne } from '../present.ts'
import { BUILDPACK } from './new-app.ts'

const HIDDEN = '[PRIVATE DATA HIDDEN]'

export const presentApp = (app: App, base: string): object => ({
  ...head(app),
  name: app.name,
  state: app.state,
  lifecycle: app.lifecycle,
  relationships: { space: toOne(app.space), current_droplet: toOne(app.droplet) },
  metadata: metadataOf(app.metadata),
  links: {
    ...hrefs(base, {
      self: `/v3/apps/${app.guid}`,
      environment_variables: `/v3/apps/${app.guid}/environment_variables`,
      space: `/v3/spaces/${app.space}`,
      processes: `/v3/apps/${app.guid}/processes`,
      packages: `/v3/apps/${app.guid}/packages`,
      current_droplet: `/v3/apps/${app.guid}/droplets/current`,
      droplets: `/v3/apps/${app.guid}/droplets`,
      tasks: `/v3/apps/${app.guid}/tasks`,
    }),
    start: { href: `${base}/v3/apps/${app.guid}/actions/start`, method: 'POST' },
    stop: { href: `${base}/v3/apps/${app.guid}/actions/stop`, method: 'POST' },
  },
})

/** `shows`: whether the asker may know the command. */
export const presentProcess = (
  process: Process,
  droplet: Droplet | undefined,
  base: string,
  shows: boolean,
): object => ({
  ...head(process),
  version: process.guid,
  type: process.type,
  command: shows ? (process.command ?? droplet?.processTypes[process.type] ?? null) : HIDDEN,
  user: process.user ?? 'vcap',
  instances: process.instances,
  memory_in_mb: process.memory,
  disk_in_mb: process.disk,
  log_rate_limit_in_bytes_per_second: process.logRate,
  health_check: process.healthCheck,
  readiness_health_check: { type: 'process', data: { invocation_timeout: null, interval: null } },
  relationships: { app: toOne(process.app), revision: null },
  metadata: metadataOf(process.metadata),
  links: {
    ...hrefs(base, { self: `/v3/processes/${process.guid}` }),
    scale: { href: `${base}/v3/processes/${process.guid}/actions/scale`, method: 'POST' },
    ...hrefs(base, { app: `/v3/apps/${process.app}`, stats: `/v3/processes/${process.guid}/stats` }),
  },
})

export const presentPackage = (one: Package, base: string): object => ({
  ...head(one),
  type: one.type,
  data:
    one.type === 'docker'
      ? { image: one.image, username: one.username ?? null, password: one.username === undefined ? null : '***' }
      : { error: one.error ?? null, checksum: { type: 'sha256', value: one.sha256 ?? null } },
  state: one.state,
  relationships: { app: toOne(one.app) },
  metadata: metadataOf(one.metadata),
  links: {
    ...hrefs(base, { self: `/v3/packages/${one.guid}` }),
    ...(one.type === 'bits' && {
      upload: { href: `${base}/v3/packages/${one.guid}/upload`, method: 'POST' },
      download: { href: `${base}/v3/packages/${one.guid}/download`, method: 'GET' },
    }),
    ...hrefs(base, { app: `/v3/apps/${one.app}` }),
  },
})

export const presentBuild = (build: Build, base: string): object => ({
  ...head(build),
  state: build.state,
  staging_memory_in_mb: 1_024,
  staging_disk_in_mb: 4_096,
  staging_log_rate_limit_bytes_per_second: -1,
  error: build.error ?? null,
  lifecycle: build.lifecycle,
  package: { guid: build.package },
  droplet: build.droplet === undefined ? null : { guid: build.droplet },
  created_by: { ...build.createdBy, email: build.createdBy.name },
  relationships: { app: toOne(build.app) },
  metadata: metadataOf(build.metadata),
  links: hrefs(base, {
    self: `/v3/builds/${build.guid}`,
    app: `/v3/apps/${build.app}`,
    ...(build.droplet !== undefined && { droplet: `/v3/droplets/${build.droplet}` }),
  }),
})

/** `shows`: whether the asker may know the commands. */
export const presentDroplet = (droplet: Droplet, base: string, shows: boolean): object => ({
  ...head(droplet),
  state: droplet.state,
  error: droplet.error ?? null,
  lifecycle: { type: droplet.lifecycle.type, data: {} },
  checksum: droplet.sha256 === undefined ? null : { type: 'sha256', value: droplet.sha256 },
  buildpacks:
    droplet.lifecycle.type === 'docker'
      ? []
      : [{ name: BUILDPACK, detect_output: null, version: null, buildpack_name: 'binary' }],
  stack: droplet.lifecycle.type === 'docker' ? null : (droplet.lifecycle.data.stack ?? null),
  image: droplet.image ?? null,
  execution_metadata: shows ? '' : HIDDEN,
  process_types: shows ? droplet.processTypes : { redacted_message: HIDDEN },
  relationships: { app: toOne(droplet.app) },
  metadata: metadataOf(droplet.metadata),
  links: {
    ...hrefs(base, {
      self: `/v3/droplets/${droplet.guid}`,
      app: `/v3/apps/${droplet.app}`,
      ...(droplet.package !== undefined && { package: `/v3/packages/${droplet.package}` }),
    }),
    assign_current_droplet: { href: `${base}/v3/apps/${droplet.app}/relationships/current_droplet`, method: 'PATCH' },
    ...(droplet.image === undefined && hrefs(base, { download: `/v3/droplets/${droplet.guid}/download` })),
    ...(droplet.state === 'AWAITING_UPLOAD' && {
      upload: { href: `${base}/v3/droplets/${droplet.guid}/upload`, method: 'POST' },
    }),
  },
})
