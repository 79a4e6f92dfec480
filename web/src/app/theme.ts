import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** The colour of the flag: what can be done is in it, and nothing else. */
const harbour: MantineColorsTuple = [
  '#e9f7f5',
  '#d3ece8',
  '#a5d8d1',
  '#74c4b9',
  '#4db3a5',
  '#33a898',
  '#1f9182',
  '#0f766e',
  '#0a6660',
  '#045650',
]

export const theme = createTheme({
  primaryColor: 'harbour',
  primaryShade: { light: 7, dark: 6 },
  colors: { harbour },
  defaultRadius: 'sm',
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', allowDeselect: false } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm' } },
    Tooltip: {
      defaultProps: {
        withArrow: true,
        multiline: true,
        maw: 320,
        openDelay: 200,
        events: { hover: true, focus: true, touch: true },
      },
    },
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.4, blur: 1 },
        closeButtonProps: { 'aria-label': 'Close' },
      },
    },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Badge: { defaultProps: { radius: 'sm', variant: 'light', tt: 'none', fw: 500 } },
    Tabs: { defaultProps: { keepMounted: false } },
  },
})

/** Quieter text, and colours of ours, that still have a contrast of 4.5 to 1 on both backgrounds. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#586069',
    '--mantine-color-placeholder': '#6b7280',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-orange-light-color': '#9c3a06',
    '--mantine-color-orange-text': '#b54708',
    '--mantine-color-yellow-light-color': '#7a4b00',
    '--page': '#f7f8f9',
    '--card': '#ffffff',
    '--line': '#e3e6ea',
  },
  dark: {
    '--mantine-color-dimmed': '#a3abb5',
    '--mantine-color-placeholder': '#8b949e',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-harbour-filled': '#178277',
    '--mantine-color-harbour-filled-hover': '#136f66',
    '--page': '#14171a',
    '--card': '#1b1f23',
    '--line': '#30363d',
  },
})
