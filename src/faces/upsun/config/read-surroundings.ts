import type { ConfigReader, Path } from './config-reader.ts'
import { MOUNT_SOURCES, type Mount, type Relationship, type TaskConfig } from './task-config.ts'

/** Path within the task → source. A source `service` needs `service:`; `source_path` defaults to the path. */
export function readMounts(reader: ConfigReader, path: Path): TaskConfig['mounts'] {
  return Object.fromEntries(
    reader.keys(path).map((target) => {
      const at = [...path, target]
      if (target.split('/').includes('..') || target.replaceAll('/', '') === '')
        reader.problem(at, 'no path of a mount')
      return [target, readMount(reader, at, target)]
    }),
  )
}

function readMount(reader: ConfigReader, at: Path, target: string): Mount {
  const short = reader.value(at)
  if (typeof short === 'string') {
    const source = MOUNT_SOURCES.find((one) => one === short)
    if (source === undefined) reader.problem(at, `one of ${MOUNT_SOURCES.join(', ')} is needed`)
    return { source: source ?? 'tmp', source_path: defaultSourcePath(target) }
  }
  reader.onlyKeys(at, ['source', 'source_path', 'service'])
  const source = reader.oneOf([...at, 'source'], MOUNT_SOURCES)
  if (source === undefined && !reader.has([...at, 'source'])) reader.problem(at, 'source is required')
  const service = reader.text([...at, 'service'])
  if (source === 'service' && service === undefined) reader.problem(at, 'a mount of a service names it: service: …')
  const sourcePath = reader.text([...at, 'source_path']) ?? defaultSourcePath(target)
  if (sourcePath.split('/').includes('..')) reader.problem([...at, 'source_path'], 'it may not leave the volume')
  return { source: source ?? 'tmp', source_path: sourcePath, ...(service !== undefined && { service }) }
}

/** "The mount path without slashes" (reference §5). */
const defaultSourcePath = (target: string): string => target.replaceAll('/', '')

/** null: the service of the same name; text: `service:endpoint`; mapping: both. */
export function readRelationships(reader: ConfigReader, path: Path): TaskConfig['relationships'] {
  return Object.fromEntries(reader.keys(path).map((name) => [name, readRelationship(reader, [...path, name], name)]))
}

function readRelationship(reader: ConfigReader, at: Path, name: string): Relationship {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) reader.problem(at, 'a name consists of letters, digits, - and _')
  const value = reader.value(at)
  if (value === null || value === undefined) return { service: name, endpoint: null }
  if (typeof value === 'string') {
    const [service = '', endpoint] = value.split(':')
    if (service === '') reader.problem(at, 'write it as service:endpoint')
    return { service, endpoint: endpoint ?? null }
  }
  reader.onlyKeys(at, ['service', 'endpoint'])
  return { service: reader.text([...at, 'service']) ?? name, endpoint: reader.text([...at, 'endpoint']) ?? null }
}
