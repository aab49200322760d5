import './parts/app';
