/** JupyterLab's packages are ES modules, so they are compiled here too; swc takes a third of ts-jest's time. */
const esModules = [
  '@codemirror',
  '@jupyter',
  '@jupyterlab',
  '@lezer',
  '@lumino',
  '@marijn',
  '@microsoft',
  'crelt',
  'exenv-es6',
  'lib0',
  'nanoid',
  'style-mod',
  'uuid',
  'vscode-ws-jsonrpc',
  'w3c-keyname',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

module.exports = {
  collectCoverageFrom: ['src/**/*.{ts,tsx}', '!src/**/__tests__/**'],
  coverageReporters: ['text'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'jsx', 'json'],
  moduleNameMapper: {
    '\\.(css|less|gif|ttf|eot|woff2?)$': 'identity-obj-proxy',
    '\\.svg$': '<rootDir>/src/__tests__/svg.js'
  },
  modulePathIgnorePatterns: [
    '<rootDir>/.venv',
    '<rootDir>/build',
    '<rootDir>/dist',
    '<rootDir>/jupyter_modelpack',
    '<rootDir>/lib'
  ],
  setupFiles: ['<rootDir>/src/__tests__/setup.js'],
  // axe looks at every node; on a loaded machine that takes its time.
  testTimeout: 60_000,
  testEnvironment: 'jsdom',
  testRegex: 'src/.*/.*\\.spec\\.tsx?$',
  transform: {
    '\\.(jsx?|tsx?)$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2020'
        },
        module: { type: 'commonjs' }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})).+`]
};
