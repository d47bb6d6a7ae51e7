import type { DockerOptions } from 'dockerode'

/** Where an engine with the Docker API answers when nobody says otherwise. */
export const DEFAULT_ENGINE = 'unix:///var/run/docker.sock'

/**
 * Options of a client for an address as DOCKER_HOST has it: `unix://`, `tcp://`, `http://`. Throws for what is not
 * supported (ssh://, npipe://, TLS).
 */
export function engineOptionsOf(address: string): DockerOptions {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) }
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !['tcp:', 'http:'].includes(url.protocol))
    throw new Error(
      `${address} is no address of a container engine: use unix:///path/to/docker.sock or tcp://host:port`,
    )
  return { host: url.hostname, port: Number(url.port || 2375), protocol: 'http' }
}

/** The socket's path, where the engine has one. */
export const socketOf = (address: string): string | undefined =>
  address.startsWith('unix://') ? address.slice('unix://'.length) : undefined
