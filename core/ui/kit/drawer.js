// Closes the drawer of the menu after a tap on one of its pages. Streamlit does so where the browser says that it is a
// phone; on a tablet, and in a narrow window, the drawer would stay and cover that page.

const LINK = '[data-testid="stSidebarNavLink"]', PAGE = '[data-testid="stMain"]'

export default function () {
    document.addEventListener('click', closeAfter)
    return () => document.removeEventListener('click', closeAfter)
}

function closeAfter({ target }) {
    if (target.closest(LINK)) setTimeout(pressBeside)
}

// Streamlit closes a drawer that covers the page when something beside it is pressed, and does nothing otherwise.
function pressBeside() {
    document.querySelector(PAGE)?.dispatchEvent(new MouseEvent('mousedown', { bubbles: true }))
}
