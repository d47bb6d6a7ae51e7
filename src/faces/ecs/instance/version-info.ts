import { AGENT_VERSION, type ContainerInstance } from './container-instance.ts'

/** What the instance's agent said of itself; the machine has none and says so. */
export const versionInfoOf = ({ document }: ContainerInstance): object => ({
  agentVersion: AGENT_VERSION,
  agentHash: 'taskport',
  dockerVersion: 'DockerVersion: none',
  ...document.versionInfo,
})
