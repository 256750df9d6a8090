import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import prettierRecommended from 'eslint-plugin-prettier/recommended';
import globals from 'globals';
import jupyterPlugin from '@jupyter/eslint-plugin';

/** Nothing but restapi.ts may send a request (the import directions are a Jest test). */
const NO_HTTP = {
  paths: [
    {
      name: '@jupyterlab/services',
      importNames: ['ServerConnection'],
      message: 'Only restapi.ts does HTTP.'
    }
  ]
};

export default defineConfig([
  {
    ignores: [
      '**/node_modules',
      'bench',
      'build',
      'coverage',
      'dist',
      'docs',
      'jupyter_modelpack',
      'lib',
      'tests',
      '**/*.js',
      '**/*.d.ts',
      '.venv',
      '.yarn'
    ]
  },
  js.configs.recommended,
  tseslint.configs.recommended,
  {
    plugins: {
      jupyter: jupyterPlugin
    }
  },
  jupyterPlugin.configs.recommended,
  {
    files: ['src/**/*.ts', 'src/**/*.tsx'],
    languageOptions: {
      globals: {
        ...globals.browser,
        ...globals.es2020
      },
      parserOptions: {
        project: 'tsconfig.test.json',
        sourceType: 'module'
      }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: {
            regex: '^I[A-Z]',
            match: true
          }
        }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'after-used' }],
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'max-lines': ['error', 300],
      'no-console': 'error',
      'no-restricted-globals': ['error', 'fetch', 'XMLHttpRequest'],
      'no-restricted-imports': ['error', NO_HTTP],
      'prefer-arrow-callback': 'error'
    }
  },
  {
    files: ['src/restapi.ts', 'src/__tests__/restapi.spec.ts'],
    rules: { 'no-restricted-imports': 'off' }
  },
  {
    files: ['src/**/__tests__/**'],
    languageOptions: { globals: { ...globals.jest, ...globals.node } }
  },
  prettierRecommended
]);
