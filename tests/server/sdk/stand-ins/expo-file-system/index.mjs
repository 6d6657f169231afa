// Only the SDK's file uploads use this module, and the Account service has none.
export {};
