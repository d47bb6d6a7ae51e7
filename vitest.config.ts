import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    // Journeys run real programs on whatever machine there is: a test that fails is told from one that was starved by
    // running it again. Properties and simulations print their seed.
    retry: process.env.CI ? 2 : 0,
    hookTimeout: 120_000,
  },
})
