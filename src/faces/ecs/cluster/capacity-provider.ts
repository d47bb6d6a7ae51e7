import { invalidParameter } from '../errors.ts'
import type { StrategyItem } from './cluster-shapes.ts'

/** Providers that every account has. Further ones (Auto Scaling groups) this engine does not know. */
export const CAPACITY_PROVIDERS = ['FARGATE', 'FARGATE_SPOT'] as const

/** Throws InvalidParameterException for providers that do not exist. */
export function checkProviders(names: readonly string[]): void {
  for (const name of names)
    if (!(CAPACITY_PROVIDERS as readonly string[]).includes(name))
      throw invalidParameter(
        `The specified capacity provider '${name}' was not found. Specify a valid name or ARN and try again.`,
      )
}

export function checkStrategy(strategy: readonly StrategyItem[]): void {
  if (strategy.length > 20)
    throw invalidParameter('A capacity provider strategy can contain a maximum of 20 capacity providers.')
  checkProviders(strategy.map((s) => s.capacityProvider))
  for (const { weight = 0, base = 0 } of strategy)
    if (weight < 0 || weight > 1000 || base < 0 || base > 100_000)
      throw invalidParameter('Weight must be between 0 and 1000 and base between 0 and 100000.')
  if (strategy.filter((s) => (s.base ?? 0) > 0).length > 1)
    throw invalidParameter('Only one capacity provider in a capacity provider strategy can have a base defined.')
}

/** Which provider each of `count` tasks uses: bases first, then by weight. */
export function spreadOverProviders(strategy: readonly StrategyItem[], count: number): readonly string[] {
  const given = new Map(strategy.map((s) => [s.capacityProvider, 0]))
  return Array.from({ length: count }, () => {
    const next = nextProvider(strategy, given)
    given.set(next, (given.get(next) ?? 0) + 1)
    return next
  })
}

function nextProvider(strategy: readonly StrategyItem[], given: ReadonlyMap<string, number>): string {
  const based = strategy.find((s) => (given.get(s.capacityProvider) ?? 0) < (s.base ?? 0))
  if (based) return based.capacityProvider
  const share = (s: StrategyItem): number =>
    ((given.get(s.capacityProvider) ?? 0) - (s.base ?? 0) + 1) / (s.weight || 1e-9)
  const weighted = [...strategy].sort((a, b) => share(a) - share(b))
  return weighted[0]!.capacityProvider
}
