import { isIP } from 'node:net'
import type { Authorization } from '../auth.ts'
import type { ConfigReader, Path } from './config-reader.ts'
import type { TaskConfig } from './task-config.ts'

/** The actions whose meaning is known (reference §2). Another one is refused rather than silently worth nothing. */
const ACTIONS: Readonly<Record<Authorization['type'], readonly string[]>> = { env: ['view'], task: ['operate', 'view'] }

export function readAuthorizations(reader: ConfigReader, path: Path, tasks: readonly string[]): Authorization[] {
  const list = reader.value(path) ?? []
  if (!Array.isArray(list)) {
    reader.problem(path, 'a list is needed')
    return []
  }
  return list.flatMap((_, i) => readAuthorization(reader, [...path, i], tasks))
}

function readAuthorization(reader: ConfigReader, at: Path, tasks: readonly string[]): Authorization[] {
  reader.onlyKeys(at, ['type', 'action', 'resource'])
  const type = reader.oneOf([...at, 'type'], ['env', 'task'] as const)
  if (type === undefined) {
    if (!reader.has([...at, 'type'])) reader.problem(at, 'type is required: env or task')
    return []
  }
  const action = reader.oneOf([...at, 'action'], ACTIONS[type])
  if (action === undefined && !reader.has([...at, 'action'])) reader.problem(at, 'action is required')
  const resource = reader.text([...at, 'resource']) ?? null
  if (type === 'task' && (resource === null || !tasks.includes(resource)))
    reader.problem([...at, 'resource'], `resource must name a task of this configuration: ${tasks.join(', ')}`)
  return action === undefined ? [] : [{ type, action, resource }]
}

export function readHosts(reader: ConfigReader, path: Path): TaskConfig['additionalHosts'] {
  const hosts = reader.keys(path).flatMap((host): [string, string][] => {
    const address = reader.text([...path, host]) ?? ''
    if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host)) reader.problem([...path, host], 'no host name')
    if (isIP(address) === 0) reader.problem([...path, host], 'an IP address is needed')
    return [[host, address]]
  })
  return Object.fromEntries(hosts)
}

/** prefix → name → value. A name of `env` must be one of a Unix variable. */
export function readVariables(reader: ConfigReader, path: Path): TaskConfig['variables'] {
  return Object.fromEntries(
    reader.keys(path).map((prefix) => {
      const at = [...path, prefix]
      for (const name of reader.keys(at))
        if (prefix === 'env' && !isVariableName(name)) reader.problem([...at, name], 'cannot be the name of a variable')
      return [prefix, (reader.value(at) ?? {}) as Readonly<Record<string, unknown>>]
    }),
  )
}

export const isVariableName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
