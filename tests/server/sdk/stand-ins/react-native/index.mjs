// The SDK reads one thing from React Native: the name of the system, for its Origin header.
export const Platform = { OS: 'android' };
