// Keeps the link whole, and copies it.

export default function ({ data, parentElement }) {
    const address = new URL(location.href)
    for (const [key, value] of Object.entries(data.said)) address.searchParams.set(key, value)
    if (address.href !== location.href) history.replaceState(history.state, '', address)
    const button = parentElement.querySelector('button')
    button.onclick = () => copy(button)
}

async function copy(button) {
    const words = button.textContent
    try {
        await navigator.clipboard.writeText(location.href)
        button.textContent = 'Copied'
    } catch {
        // Without HTTPS a browser gives no clipboard, so the visitor copies from a field.
        prompt('The link to this screen:', location.href)
    }
    setTimeout(() => (button.textContent = words), 1500)
}
