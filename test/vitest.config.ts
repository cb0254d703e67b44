import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))
const minuteMs = 60_000

/** Each entry point as it is built from: what `exports` has in `dist`, in `src`. */
function sources(): { find: RegExp; replacement: string }[] {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    exports: Record<string, string | { default: string }>
  }
  return Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string'
      ? []
      : {
          find: new RegExp(`^holdfast${name.slice(1)}$`),
          replacement: root + target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
        },
  )
}

const config: ViteUserConfig = defineConfig({
  root,
  resolve: {
    alias: sources(),
  },
  test: {
    // Vitest leaves a core to itself that it hardly uses.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: {
      provider: 'v8',
      include: ['src/machine/**'],
      reporter: ['text'],
      thresholds: { 'src/machine/**': { branches: 100, functions: 100 } },
    },
    projects: [
      // None takes a second; a machine that is busy is no reason to fail.
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: minuteMs,
          hookTimeout: minuteMs,
        },
      },
      {
        extends: true,
        test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], testTimeout: minuteMs },
      },
      {
        extends: true,
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 10 * minuteMs,
          hookTimeout: minuteMs,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 3 * minuteMs,
          hookTimeout: 2 * minuteMs,
        },
      },
      {
        extends: true,
        test: {
          name: 'field-notes',
          include: ['test/field-notes/**/*.test.ts'],
          testTimeout: 4 * minuteMs,
          hookTimeout: 2 * minuteMs,
        },
      },
      {
        extends: true,
        test: {
          name: 'runtime',
          include: ['test/runtime/**/*.test.ts'],
          globalSetup: ['test/runtime/setup.ts'],
          fileParallelism: false,
          testTimeout: 2 * minuteMs,
          hookTimeout: 2 * minuteMs,
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/tsconfig.types.json',
          },
        },
      },
    ],
  },
})

export default config
