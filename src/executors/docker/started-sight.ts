import type { ContainerInspectInfo } from 'dockerode'
import type { BoundPort } from '../../core/execution.ts'
import type { Sight } from '../../core/ports/executor.ts'
import type { ContainerRun } from './container-run.ts'
import type { ImageFacts } from './image-store.ts'

/** What a container that runs says of itself. */
export function startedSight(
  container: ContainerInspectInfo,
  run: ContainerRun,
  image: ImageFacts | undefined,
): Extract<Sight, { kind: 'started' }> {
  const ports = boundPorts(container)
  const address = Object.values(container.NetworkSettings.Networks ?? {})[0]?.IPAddress
  const { imageDigest } = run.terms
  return {
    kind: 'started',
    handle: container.Id,
    ...(ports.length > 0 && { ports }),
    ...(address && { address }),
    ...(imageDigest !== undefined && { imageDigest }),
    ...(image?.pulledAt !== undefined && { pullStoppedAt: image.pulledAt }),
  }
}

/** One entry for each binding; an engine that listens on IPv4 and IPv6 says both, of which one is enough. */
function boundPorts(container: ContainerInspectInfo): readonly BoundPort[] {
  const seen = new Set<string>()
  return Object.entries(container.NetworkSettings.Ports ?? {}).flatMap(([key, bindings]) => {
    const [port, protocol] = key.split('/')
    return (bindings ?? []).flatMap(({ HostIp, HostPort }) => {
      const id = `${key} ${HostPort}`
      if (seen.has(id)) return []
      seen.add(id)
      return [
        {
          port: Number(port),
          hostPort: Number(HostPort),
          hostAddress: HostIp,
          protocol: protocol === 'udp' ? 'udp' : 'tcp',
        },
      ]
    }) satisfies BoundPort[]
  })
}
