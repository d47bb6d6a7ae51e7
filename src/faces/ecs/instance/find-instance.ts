import { idWithin } from '../arn.ts'
import type { Call } from '../operation.ts'
import { type ContainerInstance, instancesOf } from './container-instance.ts'

/** Instances of the cluster by what the client named them: id, long or short ARN. */
export async function instanceFinder(
  call: Call,
  cluster: string,
): Promise<(given: string) => ContainerInstance | undefined> {
  const byId = new Map((await instancesOf(call, cluster)).map((i) => [i.id, i]))
  return (given) => byId.get(idWithin(call.home, 'container-instance', given, cluster).replaceAll('-', ''))
}
