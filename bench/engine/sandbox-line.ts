import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { allocationIdOf, asExecutionId, asNodeId, asTenant } from '../../src/core/identity.ts'
import { planSandbox, SANDBOX_LAUNCHER } from '../../src/executors/process/cell/sandbox-argv.ts'
import { probeHost } from '../../src/executors/process/probe-host.ts'

/** The very line that the process executor runs for a program in the sandbox. */
export function sandboxLine(argv: readonly string[]): readonly string[] {
  const host = probeHost()
  if (host.bwrap === undefined) throw new Error('bubblewrap is not installed')
  const workspace = mkdtempSync(`${tmpdir()}/taskport-bench-`)
  const sandbox = { mode: 'require', allowedBinds: [], allowedRoots: [] } as const
  const places = { cell: '', directory: workspace, dataDirectory: workspace, allocations: workspace, trash: workspace }
  const id = asExecutionId('bench')
  const work = {
    place: { allocation: allocationIdOf(id, 1), tenant: asTenant('bench'), node: asNodeId('here') },
    step: 'main',
    labels: {},
    run: { kind: 'run', argv, env: {} },
    env: {},
    resources: {},
    stop: { signal: 'SIGTERM', graceMs: 1_000 },
    hostPorts: [],
    closesAllocation: true,
  } as const
  const plan = planSandbox({ ...places, host, sandbox, logs: undefined }, work, workspace, () => workspace)
  if ('refusal' in plan) throw new Error(plan.refusal.message)
  return [host.bwrap, ...plan.argv, ...plan.last, '--', SANDBOX_LAUNCHER, '--', ...argv]
}
