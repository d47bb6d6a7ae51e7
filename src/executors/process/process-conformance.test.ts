import { executorConformance } from '../conformance.ts'
import { ProcessHarness } from './fixtures/process-harness.ts'
import { probeHost } from './probe-host.ts'

executorConformance('the process executor without sandbox', () => ProcessHarness.open({ sandbox: { mode: 'off' } }))

if (probeHost().bwrap !== undefined)
  executorConformance('the process executor with its sandbox', () =>
    ProcessHarness.open({ sandbox: { mode: 'require' } }),
  )
