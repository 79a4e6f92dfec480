import './app/mantine.css'
import '@mantine/notifications/styles.css'
import './app/page.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { makeCache } from './app/cache'
import { askToSignIn, makeRouter } from './app/router'
import { theme, variables } from './app/theme'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element #root')
const cache = makeCache(() => void askToSignIn(router, cache))
const router = makeRouter(cache)
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} />
      <QueryClientProvider client={cache}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
