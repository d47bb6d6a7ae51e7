import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DockerOptions } from 'dockerode'

/** Where an engine with the Docker API answers when nobody says otherwise. */
export const DEFAULT_ENGINE = 'unix:///var/run/docker.sock'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Options of a client for an address as DOCKER_HOST has it: `unix://`, `tcp://`, `http://`, `https://`. As the Docker CLI
 * does, `tcp://` means TLS when DOCKER_TLS_VERIFY is set; certificates are ca.pem, cert.pem and key.pem in
 * DOCKER_CERT_PATH, else in `~/.docker`. Throws, with what to do, for what is not supported.
 */
export function engineOptionsOf(address: string, environment: Environment = process.env): DockerOptions {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) }
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol === 'ssh:') throw new Error(withoutSsh(address, url))
  if (url === undefined || !['tcp:', 'http:', 'https:'].includes(url.protocol))
    throw new Error(
      `${address} is no address of a container engine: use unix:///path/to/docker.sock or tcp://host:port`,
    )
  if (!isEncrypted(address, environment))
    return { host: url.hostname, port: Number(url.port || 2375), protocol: 'http' }
  const certificates = certificatesIn(environment.DOCKER_CERT_PATH ?? join(homedir(), '.docker'))
  return { host: url.hostname, port: Number(url.port || 2376), protocol: 'https', ...certificates }
}

export const isEncrypted = (address: string, environment: Environment = process.env): boolean =>
  address.startsWith('https:') || (address.startsWith('tcp:') && (environment.DOCKER_TLS_VERIFY ?? '') !== '')

/** The socket's path, where the engine has one. */
export const socketOf = (address: string): string | undefined =>
  address.startsWith('unix://') ? address.slice('unix://'.length) : undefined

function certificatesIn(directory: string): Pick<DockerOptions, 'ca' | 'cert' | 'key'> {
  try {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(directory, name)))
    return { ca: ca!, cert: cert!, key: key! }
  } catch (error) {
    throw new Error(`the certificates for the container engine cannot be read: ${(error as Error).message}`)
  }
}

const withoutSsh = (address: string, url: URL): string =>
  `${address}: connections by ssh are not made here; forward the engine's socket, ` +
  `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock ${url.username === '' ? '' : `${url.username}@`}${url.host}, ` +
  'and use unix:///tmp/engine.sock'
