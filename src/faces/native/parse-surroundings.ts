/** What is around a program — mounts, ports, network, sandbox — from this wire to the core. */
import type { MountSpec, NetworkSpec, PortSpec, SandboxSpec } from '../../core/step-spec.ts'
import { badField } from './errors.ts'
import { bytes, part } from './parse-step.ts'
import type { Step } from './wire/step.ts'

export const parseSandbox = (sandbox: NonNullable<Step['sandbox']>): SandboxSpec =>
  typeof sandbox === 'string' ? { mode: sandbox } : sandbox

export const parseNetwork = (network: NonNullable<Step['network']>): NetworkSpec =>
  typeof network === 'string' ? { mode: network } : network

export const parsePorts = (ports: NonNullable<Step['ports']>): readonly PortSpec[] =>
  ports.map((port) =>
    typeof port === 'number' ? { port, protocol: 'tcp' } : { ...port, protocol: port.protocol ?? 'tcp' },
  )

export const parseMounts = (mounts: NonNullable<Step['mounts']>, path: string): readonly MountSpec[] =>
  mounts.map((mount, i) => {
    const { size, ...rest } = mount
    if (!mount.target.startsWith('/')) throw badField(`${path}[${i}].target`, 'must be an absolute path')
    if (mount.kind === 'bind' && !mount.source?.startsWith('/'))
      throw badField(`${path}[${i}].source`, 'a bind mount needs an absolute path of the host')
    return { ...rest, ...part('sizeBytes', size === undefined ? undefined : bytes(size, `${path}[${i}].size`)) }
  })
